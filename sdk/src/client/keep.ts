import type { Storage } from "../platform/platform.js";
import type { Position, Publication } from "./wire.js";

/** What of one channel outlives the app: where it stands, and its last `limit` messages. */
export class Kept {
  readonly position?: Position;
  readonly publications: Publication[] = [];

  constructor(
    private readonly storage: Storage | undefined,
    private readonly name: string,
    private readonly limit: number,
  ) {
    try {
      const { position, kept = [] } = JSON.parse(storage?.get(name) || "{}") as Stored;
      this.position = position;
      this.publications = kept;
    } catch {
      // Somebody else's, or half of it: begin anew.
    }
  }

  add(publication: Publication): void {
    this.publications.push(publication);
    if (this.publications.length > this.limit) this.publications.shift();
  }

  save(position: Position | undefined): void {
    this.storage?.set(this.name, JSON.stringify({ position, kept: this.publications }));
  }
}

interface Stored {
  readonly position?: Position;
  readonly kept?: Publication[];
}
