/** Base64 (RFC 4648 §4): Alipay carries bytes as such text. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function toBase64(data: ArrayBuffer): string {
  const bytes = new Uint8Array(data);
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] || 0) << 16) | ((bytes[at + 1] || 0) << 8) | (bytes[at + 2] || 0);
    const digits = Math.min(4, bytes.length - at + 1);
    for (let digit = 0; digit < digits; digit++) text += ALPHABET[(group >> (18 - 6 * digit)) & 63];
    text += "==".slice(0, 4 - digits);
  }
  return text;
}

/** The bytes that `text` stands for, with or without its padding; characters outside of the alphabet are passed over. */
export function fromBase64(text: string): ArrayBuffer {
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let end = 0;
  let bits = 0;
  let waiting = 0;
  for (const char of text) {
    const value = ALPHABET.indexOf(char);
    if (value < 0) continue;
    bits = ((bits << 6) | value) & 0xffff;
    waiting += 6;
    if (waiting < 8) continue;
    waiting -= 8;
    bytes[end++] = bits >> waiting;
  }
  return bytes.buffer.slice(0, end);
}
