import type { Frame } from "./platform.js";

/**
 * What a device handed over, as a frame; nothing where it is neither text nor bytes.
 *
 * Of a view only the bytes that it shows: the buffer behind it may be thousands of bytes longer. Buffers that come from
 * another realm, as in a mini-program, are recognised too.
 */
export function frameOf(data: unknown): Frame | undefined {
  if (typeof data === "string") return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice().buffer;
  return Object.prototype.toString.call(data) === "[object ArrayBuffer]" ? (data as ArrayBuffer) : undefined;
}
