/** Global listening: the store hears every task from the launch of the app on, whatever page is open. */

import { defineStore } from "pinia";
import { feed } from "suona/store";
import { suona } from "@/suona";
import type { Task } from "@/systems";

/** The scanner that this app belongs to. */
export const HEAD = "gate";
const SHOWN = 20;

export const useTasks = defineStore("tasks", {
  state: () => ({ list: [] as Task[] }),
  actions: {
    /** Newest first. A task comes again when somebody takes or finishes it, and stays in its place. */
    put(task: Task) {
      const place = this.list.findIndex(({ id }) => id === task.id);
      if (place < 0) this.list = [task, ...this.list].slice(0, SHOWN);
      else this.list[place] = task;
    },
    async load() {
      this.list = await suona.rpc("tasks", { head: HEAD, limit: SHOWN });
    },
  },
});

/** Once, when the app launches. The last tasks are kept on the device: they are there before there is a connection. */
export function wire(): void {
  feed(suona, useTasks(), { channels: { [`scan:${HEAD}`]: { message: "put", reload: "load", keep: SHOWN } } });
}
