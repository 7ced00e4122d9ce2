import type { Undo } from "../platform/platform.js";
import type { Suona } from "../index.js";
import { type Keeping, KeptChannel } from "./kept-channel.js";
import type { Backend, Name, View } from "./options.js";

/** A client within a page: whatever listens through it ends with the page. */
export class Scope<Channels, Methods extends Backend<Methods>> {
  private undos: Undo[] = [];
  /** As the client's. */
  readonly status = {
    on: (listener: (view: View) => unknown) => this.bind(this.suona.status.on(listener)),
    each: (listener: (view: View) => unknown) => this.bind(this.suona.status.each(listener)),
  };

  constructor(
    private readonly suona: Suona<Channels, Methods>,
    owner?: { onUnload?: (() => unknown) | undefined },
  ) {
    if (!owner) return;
    const { onUnload } = owner;
    owner.onUnload = () => {
      this.end();
      return onUnload?.call(owner);
    };
  }

  /** As the client's. */
  channel<Key extends Name<Channels>>(name: Key, options: Keeping = {}): KeptChannel<Channels[Key]> {
    return new KeptChannel<Channels[Key]>(this.suona, name, options, (undo) => this.bind(undo));
  }

  /** Ends everything that listens here. */
  end(): void {
    const { undos } = this;
    this.undos = [];
    undos.forEach((undo) => undo());
  }

  private bind(undo: Undo): Undo {
    this.undos.push(undo);
    return undo;
  }
}
