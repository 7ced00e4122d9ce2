import type { LifeEvent, Loss, SocketEvent } from "../src/platform/platform.js";

/** Writes down what a socket tells. */
export class Heard {
  readonly all: string[] = [];
  readonly frames: unknown[] = [];
  loss: Loss | undefined;

  readonly on = (event: SocketEvent): void => {
    if (event.is === "received") {
      const { frame } = event;
      this.frames.push(frame);
      this.all.push(typeof frame === "string" ? `received ${frame}` : `received ${frame.byteLength} bytes`);
      return;
    }
    if (event.is === "lost") this.loss = event.loss;
    this.all.push(event.is);
  };
}

/** Writes down what a platform tells of the app's life. */
export class Life {
  readonly all: string[] = [];

  readonly on = (event: LifeEvent): void => {
    this.all.push(event.is === "network" ? `network ${event.online}` : event.is);
  };
}

/** Lets everything happen that waits for nothing but the end of the present call. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
