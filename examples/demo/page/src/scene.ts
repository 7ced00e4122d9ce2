/** How lines and gateway stand, for everybody who has the page open, and the switches that change it. */

import { reactive } from "vue";

/** As the demo tells it. */
interface Told {
  /** Names this run of the demo. */
  readonly run: number;
  /** Users whose line is cut. */
  readonly cut: readonly string[];
  /** Milliseconds until the gateway is back; nothing if it is there. */
  readonly backIn: number | null;
  readonly robot: boolean;
  readonly scanner: boolean;
  readonly lot: string | null;
}

/** A switch, turned. */
export type Switch =
  | { readonly line: { readonly user: string; readonly whole: boolean } }
  | { readonly robot: boolean }
  | { readonly scanner: boolean }
  | "stop";

export const scene = reactive({
  cut: [] as readonly string[],
  /** Whole seconds until the gateway is back; 0 if it is there. */
  backIn: 0,
  robot: true,
  scanner: true,
  /** The lot on which everybody bids. */
  lot: "",
  /** The demo itself answers. */
  running: true,
});

/** The run that this page belongs to. */
let known: number | undefined;
let ticking: ReturnType<typeof setTimeout> | undefined;

/** Watches the scene for as long as the page is open. */
export function watchScene(): void {
  const source = new EventSource("/demo/scene");
  source.onmessage = ({ data }) => {
    const { run, cut, backIn, robot, scanner, lot } = JSON.parse(data as string) as Told;
    known ??= run;
    // Whatever we know comes from a demo that has ended, our tokens too.
    if (run !== known) return location.reload();
    Object.assign(scene, { cut, robot, scanner, lot: lot ?? "", running: true });
    count(performance.now() + (backIn ?? 0));
  };
  source.onerror = () => (scene.running = false);
}

/** Turns a switch of the demo; how it stands then is told to everybody. */
export function turn(it: Switch): void {
  const headers = { "Content-Type": "application/json" };
  void fetch("/demo/switch", { method: "POST", headers, body: JSON.stringify(it) }).catch(() => undefined);
}

function count(until: number): void {
  clearTimeout(ticking);
  const left = Math.max(0, until - performance.now());
  scene.backIn = Math.ceil(left / 1000);
  if (left) ticking = setTimeout(() => count(until), left % 1000 || 1000);
}
