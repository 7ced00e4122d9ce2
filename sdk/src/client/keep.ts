import type { Storage, Undo } from "../platform/platform.js";
import type { Position, Publication } from "./wire.js";

/** What of one channel outlives the app: where it stands, and its last `limit` messages. */
export class Kept {
  readonly position?: Position;
  /** As they came: the app may change what it is handed. */
  private readonly texts: string[] = [];
  /** What may not be saved yet, the oldest first. */
  private readonly steps: Step[] = [];
  private ended = false;

  constructor(
    private readonly storage: Storage | undefined,
    private readonly name: string,
    private readonly limit: number,
  ) {
    try {
      const { position, kept = [] } = JSON.parse(storage?.get(name) || "{}") as Stored;
      this.texts = kept.map((publication) => JSON.stringify(publication));
      this.position = position;
    } catch {
      // Somebody else's, or half of it: begin anew.
    }
  }

  /** The last of them, those included that not everybody has heard yet. */
  get publications(): Publication[] {
    return this.texts.concat(textsOf(this.steps)).map((text) => JSON.parse(text) as Publication);
  }

  /** To be called before the app gets the publication. */
  add(publication: Publication): void {
    this.steps.push({ text: JSON.stringify(publication), holds: 0 });
  }

  /** Somebody is hearing the newest publication: until it is released, nothing from there on is saved. */
  hold(): Undo {
    const step = this.steps[this.steps.length - 1];
    if (step) step.holds++;
    return () => {
      if (!step) return;
      step.holds--;
      this.saveWhatIsHeard();
    };
  }

  /** The channel stands here, after the publication that was added last. */
  reach(position: Position | undefined): void {
    const last = this.steps[this.steps.length - 1];
    if (last && !last.reached) Object.assign(last, { position, reached: true });
    else this.steps.push({ position, reached: true, holds: 0 });
    this.saveWhatIsHeard();
  }

  /** Nobody listens any more: whatever is heard from now on is nobody's. */
  end(): void {
    this.ended = true;
  }

  private saveWhatIsHeard(): void {
    const { steps, texts } = this;
    const open = steps.findIndex(({ reached, holds }) => !reached || holds > 0);
    // Somebody never returns: sooner or later the rest goes on without him.
    const heard = Math.max(open < 0 ? steps.length : open, steps.length - LONGEST_WAIT);
    if (!heard || this.ended) return;
    const done = steps.splice(0, heard);
    texts.push(...textsOf(done));
    texts.splice(0, texts.length - this.limit);
    this.write(done[done.length - 1]!.position);
  }

  private write(position: Position | undefined): void {
    const stands = position ? `"position":${JSON.stringify(position)},` : "";
    this.storage?.set(this.name, `{${stands}"kept":[${this.texts.join()}]}`);
  }
}

/** Twice what waits for a hidden page or a reload. */
const LONGEST_WAIT = 2000;

/** Where the channel stands after one publication, or none. */
interface Step {
  readonly text?: string;
  position?: Position;
  reached?: boolean;
  /** How many still hear it. */
  holds: number;
}

function textsOf(steps: Step[]): string[] {
  return steps.map(({ text }) => text).filter((text): text is string => text !== undefined);
}

interface Stored {
  readonly position?: Position;
  readonly kept?: Publication[];
}
