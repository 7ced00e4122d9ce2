/** What a platform lends the link. Supporting a new one is one file that fills this in; no rule lives there. */
export interface Platform {
  /** `wx`, `uni`, `browser`…: for reports, never for decisions. */
  readonly name: string;
  readonly habits: Habits;
  /**
   * Dials. Never throws: what fails, however early, is told as `lost`, and always after this call has returned.
   * `on` hears of this socket only; after `lost` nothing more.
   */
  open(dial: Dial, on: (event: SocketEvent) => void): Socket;
  /** Wall-clock time in milliseconds. It jumps over a suspension, and may be set back by the user. */
  now(): number;
  /** `0 <= x < 1`. */
  random(): number;
  /** Wakes once, after `ms` or later: much later after a suspension. Less than nothing is nothing. */
  after(ms: number, wake: () => void): Undo;
  /** Tells of the app's life until undone. Without it the app is always at the front. */
  watch?(on: (event: LifeEvent) => void): Undo;
  /** Small strings that survive the end of the app. None of its calls throws; a value that was lost is `undefined`. */
  readonly storage?: Storage;
}

/** Takes back what the call that returned it has done. Calling it twice does nothing more. */
export type Undo = () => void;

/** What one must know of a platform to behave well on it. */
export interface Habits {
  /** In the background the code stops within seconds, sockets die, and dialling fails. */
  readonly suspends: boolean;
}

/** One attempt to open a socket. */
export interface Dial {
  readonly url: string;
  readonly protocols?: string[];
  /** Ignored where the platform cannot send any (browsers, uni-app's H5). */
  readonly headers?: Record<string, string>;
  /** Told to platforms that have a limit of their own for opening; the link keeps its own. */
  readonly timeout: number;
}

export type Frame = string | ArrayBuffer;

/** What a socket tells. The platform says each thing in this one form, however it is told by the device. */
export type SocketEvent =
  | { is: "opened" }
  | { is: "received"; frame: Frame }
  /** Error, close or failed dial, whichever came first; once. */
  | { is: "lost"; loss: Loss };

/** Why a socket is gone. Codes and reasons of phones are hints: many report 1000 for a line that was cut. */
export interface Loss {
  readonly code?: number;
  readonly reason?: string;
  /** The device's own error object, for `raw` and reports. */
  readonly raw?: unknown;
  /** The platform allows no further socket now. */
  readonly full?: boolean;
}

export interface Socket {
  /** Hands a frame to the device. Being taken is no sign of having arrived; what cannot be sent ends in `lost`. */
  send(frame: Frame): void;
  /** Closes, also before `opened`. Never throws; `lost` may follow late, or never. */
  close(code: number, reason: string): void;
}

/** What becomes of the app on the device. */
export type LifeEvent =
  | { is: "hidden" }
  | { is: "shown" }
  /** The network changed, or may have: `undefined` when the device does not say to what. A hint, sometimes missing. */
  | { is: "network"; online?: boolean };

export interface Storage {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}
