import type { LifeEvents, Loss, SocketEvents } from "../src/platform/platform.js";

/** Writes down what a socket tells. */
export class Heard implements SocketEvents {
  readonly all: string[] = [];
  readonly frames: unknown[] = [];
  loss: Loss | undefined;

  opened(): void {
    this.all.push("opened");
  }

  received(frame: string | ArrayBuffer): void {
    this.frames.push(frame);
    this.all.push(typeof frame === "string" ? `received ${frame}` : `received ${frame.byteLength} bytes`);
  }

  lost(loss: Loss): void {
    this.loss = loss;
    this.all.push("lost");
  }
}

/** Writes down what a platform tells of the app's life. */
export class Life implements LifeEvents {
  readonly all: string[] = [];

  hidden(): void {
    this.all.push("hidden");
  }

  shown(): void {
    this.all.push("shown");
  }

  network(online?: boolean): void {
    this.all.push(`network ${online}`);
  }
}

/** Lets everything happen that waits for nothing but the end of the present call. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
