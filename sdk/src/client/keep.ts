import type { Storage } from "../platform/platform.js";
import type { Position, Publication } from "./wire.js";

/** What of one channel outlives the app: where it stands, and its last `limit` messages. */
export class Kept {
  readonly position?: Position;
  /** As they came: the app may change what it is handed. */
  private readonly texts: string[] = [];

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

  get publications(): Publication[] {
    return this.texts.map((text) => JSON.parse(text) as Publication);
  }

  /** To be called before the app gets the publication. */
  add(publication: Publication): void {
    this.texts.push(JSON.stringify(publication));
    if (this.texts.length > this.limit) this.texts.shift();
  }

  save(position: Position | undefined): void {
    const stands = position ? `"position":${JSON.stringify(position)},` : "";
    this.storage?.set(this.name, `{${stands}"kept":[${this.texts.join()}]}`);
  }
}

interface Stored {
  readonly position?: Position;
  readonly kept?: Publication[];
}
