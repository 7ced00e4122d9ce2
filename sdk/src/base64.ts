/** Base64 (RFC 4648 §4): Alipay carries bytes as such text. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function toBase64(data: ArrayBuffer): string {
  let text = "";
  let bits = 0;
  let waiting = 0;
  for (const byte of new Uint8Array(data)) {
    bits = ((bits << 8) | byte) & 0xffff;
    for (waiting += 8; waiting >= 6; waiting -= 6) text += ALPHABET[(bits >> (waiting - 6)) & 63];
  }
  if (waiting) text += ALPHABET[(bits << (6 - waiting)) & 63];
  return text + "=".repeat((4 - (text.length % 4)) % 4);
}

/** The bytes that `text` stands for, with or without its padding; characters outside of the alphabet are passed over. */
export function fromBase64(text: string): ArrayBuffer {
  const bytes: number[] = [];
  let bits = 0;
  let waiting = 0;
  for (const char of text) {
    const value = ALPHABET.indexOf(char);
    if (value < 0) continue;
    bits = ((bits << 6) | value) & 0xffff;
    waiting += 6;
    if (waiting < 8) continue;
    waiting -= 8;
    bytes.push((bits >> waiting) & 255);
  }
  return new Uint8Array(bytes).buffer;
}
