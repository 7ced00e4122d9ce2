/** A line of the log in words. */

import { language, money, named, texts } from "./language";
import type { Entry, Sent } from "./ledger";
import { en } from "suona/en";
import { zh } from "suona/zh";
import type { Bid, DeviceNews, Task } from "./systems";

/** What happened. */
export function described(entry: Entry): string {
  const { entry: words } = texts.value;
  switch (entry.is) {
    case "sent":
      return deed(entry);
    case "heard":
    case "recovered":
      return news(entry.channel, entry.data);
    default:
      return words[entry.is];
  }
}

/** What became of something that was asked. */
export function outcome({ became, code }: Sent): string {
  const { entry } = texts.value;
  return became === "refused" ? refusal(code ?? "") : entry[became];
}

/** Why something was refused: in words of the backend, or else of the SDK. */
export function refusal(code: string): string {
  const { faults } = language.value === "zh" ? zh : en;
  const said = texts.value.refusals[code] ?? (faults as Record<string, { message: string }>)[code]?.message ?? code;
  return said.replace(/[。.]$/, "");
}

function deed({ deed, data }: Sent): string {
  const { entry } = texts.value;
  if (deed === "bid") return entry.bid(money((data as { price: number }).price));
  if (deed === "turn") return entry[(data as { turn: "on" | "off" }).turn];
  if (deed === "order") return entry.order(named((data as { title: string }).title));
  return entry[deed];
}

function news(channel: string, data: unknown): string {
  if (channel.startsWith("lot:")) {
    const { supplier, price } = data as Bid;
    return texts.value.entry.bidOf(named(supplier), money(price));
  }
  if (channel.startsWith("scan:")) return task(data as Task);
  if (channel.startsWith("device:")) return device(data as DeviceNews);
  return texts.value.entry.notify;
}

function task({ title, assignee, finished }: Task): string {
  const { entry } = texts.value;
  if (!assignee) return entry.scanned(named(title));
  return (finished ? entry.finished : entry.taken)(named(assignee), named(title));
}

function device(news: DeviceNews): string {
  const { entry, on, off, running, idle, statuses } = texts.value;
  if ("state" in news) return entry.state(news.state.running ? running : idle, news.state.pressure.toFixed(1));
  return entry.command(news.command.turn === "on" ? on : off, statuses[news.command.status]);
}
