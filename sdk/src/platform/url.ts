/**
 * `url` with everything percent-encoded that devices do not encode themselves: a raw `|` or 中 works on the desk and
 * fails on a phone. What is encoded already stays. Throws where there is half of a surrogate pair.
 */
export function encoded(url: string): string {
  return url.replace(/[^!-~]+|["<>\\^`{|}]/g, encodeURIComponent);
}
