import { defineComponent, ref } from "vue";
import { useChannel } from "suona/vue";
import { named, texts, timeOfDay } from "../language";
import type { Phone } from "../phone";
import { GATE, type Task } from "../systems";

/** So many tasks are shown. */
const SHOWN = 3;

/** Scan tasks: what the scanner at the gate reads is a task for somebody. */
export const Scans = defineComponent(
  ({ phone: { suona, user, act } }: { phone: Phone }) => {
    /** Newest first. */
    const tasks = ref<readonly Task[]>([]);

    useChannel(suona, `scan:${GATE}`, {
      async reload() {
        tasks.value = await suona.rpc("tasks", { head: GATE, limit: SHOWN });
      },
      message: put,
    });

    /** A task comes again when somebody takes or finishes it, and the last word counts. */
    function put(task: Task) {
      const known = tasks.value.find(({ id }) => id === task.id);
      if (known && steps(known) >= steps(task)) return;
      const others = tasks.value.filter(({ id }) => id !== task.id);
      tasks.value = [task, ...others].sort((a, b) => b.at - a.at).slice(0, SHOWN);
    }

    async function go(deed: "assign" | "finish", { id }: Task) {
      const task = await act(deed, { id });
      if (task) put(task);
    }

    function end(task: Task) {
      const { take, taken, finish, finished } = texts.value;
      if (task.finished) return <span class="soft">{finished(named(task.assignee ?? ""))}</span>;
      if (task.assignee && task.assignee !== user.name) return <span class="soft">{taken(named(task.assignee))}</span>;
      const deed = task.assignee ? "finish" : "assign";
      const label = task.assignee ? finish : take;
      return (
        <button class="small" aria-label={`${label} ${named(task.title)}`} onClick={() => go(deed, task)}>
          {label}
        </button>
      );
    }

    return () => (
      <section class="panel scans">
        <header>
          <h3>{texts.value.scans}</h3>
        </header>
        <ol class="rows">
          {!tasks.value.length && <li class="empty">{texts.value.noScans}</li>}
          {tasks.value.map((task) => (
            <li key={task.id} data-task={task.id}>
              <span class="who">{named(task.title)}</span>
              <time>{timeOfDay(task.at)}</time>
              {end(task)}
            </li>
          ))}
        </ol>
      </section>
    );
  },
  { props: ["phone"] },
);

function steps({ assignee, finished }: Task): number {
  return finished ? 2 : assignee ? 1 : 0;
}
