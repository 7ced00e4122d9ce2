import { defineComponent, ref } from "vue";
import { useChannel } from "suona/vue";
import { money, named, texts } from "../language";
import type { Phone } from "../phone";
import type { Orders as Desk } from "../systems";

/** So many orders are shown. */
const SHOWN = 3;

/** What is ordered, one after another. */
const WANTED = [
  { title: "新车上牌", kind: "jdc", amount: 500 },
  { title: "驾驶证到期换证", kind: "jsz", amount: 80 },
  { title: "小型车年检代办", kind: "jdc", amount: 260 },
  { title: "驾驶证遗失补证", kind: "jsz", amount: 90 },
] as const;

/** Order desk: the server tells that the list has changed, and the page asks for it. */
export const Orders = defineComponent(
  ({ phone: { suona, act } }: { phone: Phone }) => {
    const desk = ref<Desk>();
    let asked = 0;

    /** Answers may overtake each other; the last question counts. */
    async function load() {
      const question = ++asked;
      const answer = await suona.rpc("list", { limit: SHOWN });
      if (question === asked) desk.value = answer;
    }
    useChannel(suona, "orders", { reload: load, message: load });

    const next = () => WANTED[(desk.value?.orderNum ?? 0) % WANTED.length]!;

    return () => {
      const { orders, order, accept, accepted, total, count } = texts.value;
      return (
        <section class="panel orders">
          <header>
            <h3>{orders}</h3>
            <button class="small" onClick={() => act("order", next())}>
              {order}
            </button>
          </header>
          <p class="figure">
            <span>
              {total} · {count(desk.value?.orderNum ?? 0)}
            </span>
            <strong>{money(desk.value?.allAmount ?? 0)}</strong>
          </p>
          <ol class="rows">
            {desk.value?.list.map(({ id, title, amount, acceptedBy }) => (
              <li key={id} data-order={id}>
                <span class="who">{named(title)}</span>
                <span class="soft">{money(amount)}</span>
                {acceptedBy ? (
                  <span class="soft">{accepted(named(acceptedBy))}</span>
                ) : (
                  <button class="small" aria-label={`${accept} ${named(title)}`} onClick={() => act("accept", { id })}>
                    {accept}
                  </button>
                )}
              </li>
            ))}
          </ol>
        </section>
      );
    };
  },
  { props: ["phone"] },
);
