import { Driver } from "../src/link/driver.js";
import { Link, type LinkInput, type LinkOutput } from "../src/link/link.js";
import type { Habits } from "../src/platform/platform.js";
import { linkOutput } from "./players.js";
import { RecordedPhone } from "./recorded-phone.js";
import type { Experiment, Line } from "./recording.js";
import { Timeline } from "./timeline.js";

/** The server of the probe speaks ten times as often. */
const SILENCE = 5000;
/** What is granted after the end of a recording: the longest wait between two dials, and a bit. */
const PATIENCE = 25_000;

/** What became of a link on a recorded phone. */
export interface Played {
  readonly name: string;
  /** What the phone did and what the link did, in the words of both. */
  readonly lines: readonly string[];
  readonly dials: number;
  readonly online: boolean;
  /** What must not be: empty if all is well. */
  readonly faults: readonly string[];
}

/** Lives through one experiment with the SDK's link, driver and adapter; `habits` are those of `wx` unless told otherwise. */
export async function play({ name, lines }: Experiment, habits?: Habits): Promise<Played> {
  const timeline = new Timeline();
  const said: string[] = [];
  const begin = lines[0]?.at ?? 0;
  const phone: RecordedPhone = new RecordedPhone(lines, timeline, (mark, words) =>
    said.push(`${mark} ${phone.moment} ${words}`),
  );
  const { platform, faults } = phone;
  let online = false;
  const driver: Driver<LinkInput, LinkOutput> = new Driver<LinkInput, LinkOutput>(
    new Link({}, habits ?? platform.habits),
    platform,
    { url: "wss://example.org" },
    (output) => {
      if (output.is !== "heard") said.push(`< ${phone.moment} ${linkOutput(output, driver.now())}`);
      if (output.is === "probe") driver.send("are you there?");
      if (output.is === "state") online = output.state.at === "online";
      if (output.is === "state" && online) driver.handle({ is: "settled", silence: SILENCE });
    },
  );
  for (const line of lines.filter(isOfTheApp)) {
    timeline.after(line.at - begin, () => {
      phone.live(line);
      if (line.is === "start") driver.start();
      if (line.is === "stop") driver.stop(line.rest[0]!);
    });
  }
  await timeline.pass((lines.at(-1)?.at ?? 0) - begin);
  const expected = endsConnected(lines);
  for (let more = 0; expected && !online && more < PATIENCE; more += 100) await timeline.pass(100);
  if (expected && !online) faults.push("not connected at the end, though the phone would have let it");
  const [connected, dials] = [online, phone.dials];
  driver.stop("the end");
  if (phone.timers) faults.push(`${phone.timers} timers left`);
  return { name, lines: said, dials, online: connected, faults };
}

function isOfTheApp({ came, socket }: Line): boolean {
  return came && socket === undefined;
}

/** Whether an app wanted to be connected at the end, and the recorder's last socket was. */
function endsConnected(lines: readonly Line[]): boolean {
  const wants = lines.filter(({ is }) => is === "start" || is === "stop").at(-1)?.is === "start";
  const last = lines.filter(({ is }) => is === "dial").at(-1)?.socket;
  const first = lines.find(({ is, socket }) => socket === last && ["error", "fail", "close"].includes(is));
  const opened = lines.some(({ is, socket }) => is === "open" && socket === last);
  return wants && opened && !first?.came;
}
