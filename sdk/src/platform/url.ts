import { quietly } from "./absent.js";

/**
 * `url` with everything percent-encoded that devices do not encode themselves: a raw `|` or 中 works on the desk and
 * fails on a phone. What is encoded already stays.
 */
export function encoded(url: string): string {
  return url.replace(/[\ud800-\udbff][\udc00-\udfff]|[^!-~]|["<>\\^`{|}]/g, percent);
}

function percent(char: string): string {
  return quietly(() => encodeURIComponent(char)) ?? "%EF%BF%BD"; // half a pair
}
