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
    /** Newest first. A task that was loaded may come again as a message. */
    add(task: Task) {
      if (!this.list.some(({ id }) => id === task.id)) this.list = [task, ...this.list].slice(0, SHOWN);
    },
    async load() {
      this.list = await suona.rpc("tasks", { head: HEAD });
    },
  },
});

/** Once, when the app launches. The last tasks are kept on the device: they are there before there is a connection. */
export function wire(): void {
  feed(suona, useTasks(), { channels: { [`scan:${HEAD}`]: { message: "add", reload: "load", keep: SHOWN } } });
}
