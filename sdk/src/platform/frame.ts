import type { Frame } from "./platform.js";

/**
 * What a device handed over, as a frame; nothing where it is neither text nor bytes.
 *
 * Of a view only the bytes that it shows: the buffer behind it may be thousands of bytes longer. Buffers that come from
 * another realm, as in a mini-program, are recognised too.
 */
export function frameOf(data: unknown): Frame | undefined {
  if (typeof data === "string") return data;
  if (ArrayBuffer.isView(data)) return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
  return Object(data).byteLength >= 0 ? (data as ArrayBuffer) : undefined;
}
