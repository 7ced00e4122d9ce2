import { createSuona, type Options, type Suona } from "../src/index.js";
import type { Habits } from "../src/platform/platform.js";
import { Device } from "./device.js";
import { Server } from "./server.js";
import { dice, Timeline } from "./timeline.js";

/** Virtual time, a server, a device, and the network between them. */
export class World {
  readonly timeline = new Timeline();
  readonly server = new Server(this.timeline);
  readonly device: Device;
  /** `cut`: dials fail. `hole`: dials vanish. */
  network: "up" | "cut" | "hole" = "up";

  constructor(seed = 1, habits?: Habits) {
    this.device = this.another(seed, habits);
  }

  /** One more device in the same world. */
  another(seed: number, habits?: Habits): Device {
    const device = new Device(this.timeline, habits, dice(seed));
    device.dialled = (line) => {
      if (this.network === "cut") this.timeline.after(200, () => line.lose({ code: 1006 }));
      if (this.network === "up") this.timeline.after(50, () => this.network === "up" && this.server.accept(line));
    };
    return device;
  }

  client(options: Partial<Options> = {}): Suona {
    return createSuona({ url: "wss://example.org/connection/websocket", platform: this.device, ...options });
  }

  /** Cuts the line, with or without anyone hearing of it. */
  cut(silently = false): void {
    const { last } = this.device;
    for (const connection of this.server.connections) if (!silently) connection.close(1006, "abnormal closure");
    if (silently) last.muted = true;
  }

  pass(ms: number): Promise<void> {
    return this.timeline.pass(ms);
  }
}
