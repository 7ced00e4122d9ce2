import { defineComponent } from "vue";
import { described, outcome } from "./describe";
import { Icon } from "./icons";
import { texts, timeOfDay } from "./language";
import type { Entry, Ledger } from "./ledger";
import type { Phone } from "./phone";

/** What the client saw, and whether that is what should have been. */
export const Log = defineComponent(
  ({ phone: { ledger } }: { phone: Phone }) =>
    () => (
      <section class="log">
        <h3>{texts.value.log}</h3>
        <p class="verdict" data-good={ledger.good}>
          <Icon of={ledger.good ? "online" : "gap"} />
          {ledger.good ? texts.value.good : texts.value.bad(ledger.twice, ledger.missing)}
        </p>
        <Counts ledger={ledger} />
        <ol class="entries" tabindex="0" aria-label={texts.value.log}>
          {ledger.entries.length === 0 && <li class="empty">{texts.value.empty}</li>}
          {ledger.entries.map((entry) => (
            <Line key={entry.id} entry={entry} />
          ))}
        </ol>
      </section>
    ),
  { props: ["phone"] },
);

function Counts({ ledger }: { ledger: Ledger }) {
  return (
    <dl class="counts">
      {(["sent", "heard", "recovered", "gaps"] as const).map((what) => (
        <div data-count={what} data-some={ledger[what] > 0}>
          <dt>{texts.value[what]}</dt>
          <dd>{ledger[what]}</dd>
        </div>
      ))}
    </dl>
  );
}
Counts.props = ["ledger"];

function Line({ entry }: { entry: Entry }) {
  return (
    <li class="entry" data-is={entry.is} data-became={entry.is === "sent" ? entry.became : undefined}>
      <time>{timeOfDay(entry.at)}</time>
      <Icon of={entry.is} />
      <span class="unseen">{texts.value.kinds[entry.is]}</span>
      <span class="what">{described(entry)}</span>
      <span class="where">{whereOf(entry)}</span>
    </li>
  );
}
Line.props = ["entry"];

/** The place in the stream; of what was sent, what became of it. */
function whereOf(entry: Entry): string {
  if (entry.is === "sent") return outcome(entry);
  if (entry.is === "heard" || entry.is === "recovered") return `${entry.channel} #${entry.offset}`;
  return entry.is === "gap" ? entry.channel : "";
}
