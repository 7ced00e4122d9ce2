/** UTF-8 without `TextEncoder` and `TextDecoder`, which phones lack. */

const REPLACEMENT = 0xfffd;

/** The UTF-8 bytes of `text`. Half of a surrogate pair becomes U+FFFD. */
export function encodeText(text: string): ArrayBuffer {
  const bytes = new Uint8Array(text.length * 3); // a unit of UTF-16 takes three bytes at most
  let end = 0;
  for (let at = 0; at < text.length; at++) {
    const point = pointAt(text, at);
    if (point > 0xffff) at++;
    end = write(point, bytes, end);
  }
  return bytes.buffer.slice(0, end);
}

/**
 * The text in UTF-8 `data`. Invalid bytes become U+FFFD, exactly as many as a browser would show; nothing throws.
 *
 * A byte order mark stays where it is.
 */
export function decodeText(data: ArrayBuffer): string {
  const bytes = new Uint8Array(data);
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const { point, length } = read(bytes, at);
    text += String.fromCodePoint(point);
    at += length;
  }
  return text;
}

function pointAt(text: string, at: number): number {
  const point = text.codePointAt(at) ?? REPLACEMENT;
  return point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
}

function write(point: number, bytes: Uint8Array, end: number): number {
  if (point < 0x80) {
    bytes[end++] = point;
    return end;
  }
  const following = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  bytes[end++] = ((0xff00 >> (following + 1)) & 0xff) | (point >> (6 * following)); // 110…, 1110…, 11110…
  for (let left = following - 1; left >= 0; left--) bytes[end++] = 0x80 | ((point >> (6 * left)) & 0x3f);
  return end;
}

/** One character, or the longest beginning of one: that is what a single U+FFFD stands for. */
function read(bytes: Uint8Array, at: number): { point: number; length: number } {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return { point: lead, length: 1 };
  const following = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  let point = lead & (0x3f >> following);
  let length = 1;
  for (; length <= following; length++) {
    const byte = bytes[at + length] ?? 0; // zero continues nothing
    if (byte < 0x80 || byte > 0xbf || (length === 1 && forbidden(lead, byte))) break;
    point = (point << 6) | (byte & 0x3f);
  }
  return following > 0 && length > following ? { point, length } : { point: REPLACEMENT, length };
}

/** Second bytes that would spell a surrogate, a longer form than needed, or more than U+10FFFF. */
function forbidden(lead: number, byte: number): boolean {
  return (
    (lead === 0xe0 && byte < 0xa0) ||
    (lead === 0xed && byte > 0x9f) ||
    (lead === 0xf0 && byte < 0x90) ||
    (lead === 0xf4 && byte > 0x8f)
  );
}
