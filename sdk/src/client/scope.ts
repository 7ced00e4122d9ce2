import type { Undo } from "../platform/platform.js";
import type { Suona } from "../index.js";
import { type Keeping, KeptChannel } from "./kept-channel.js";
import type { Backend, Name, View } from "./options.js";

/** Whose end a scope notices: a native page, or a component of Vue, in which uni-app's pages are too. */
export interface Owner {
  onUnload?: (() => unknown) | undefined;
  /** In Vue 2. */
  $once?: unknown;
  /** In Vue 3. */
  readonly $?: unknown;
}

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
    owner?: Owner,
  ) {
    if (owner) atTheEndOf(owner, () => this.end());
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

/** A page's own function is called at its end; what is assigned to a component of Vue is called by nobody. */
function atTheEndOf(owner: Owner, end: Undo): void {
  const { $once, $: instance, onUnload } = owner;
  if (typeof $once === "function") $once.call(owner, "hook:beforeDestroy", end);
  else if (instance) {
    // What `onBeforeUnmount` of Vue adds to, which would have to be imported.
    const hooks = instance as { bum?: Undo[] | null };
    hooks.bum = (hooks.bum ?? []).concat(end);
  } else {
    owner.onUnload = () => {
      end();
      return onUnload?.call(owner);
    };
  }
}
