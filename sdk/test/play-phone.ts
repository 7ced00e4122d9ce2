// Plays recordings of phones to the link, and prints what it did on them: `npm run phone -- FILE…`.
import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";
import { play } from "./phone-player.js";
import { recording } from "./recording.js";

let wrong = 0;
for (const file of argv.slice(2)) {
  const { about, experiments } = recording(readFileSync(file, "utf8"));
  console.log(`${file}: ${JSON.stringify(about)}`);
  for (const experiment of experiments) {
    const { name, lines, dials, online, faults } = await play(experiment);
    console.log(["", `experiment ${name}`, ...lines].join("\n"));
    const end = faults.length
      ? faults.join("; ")
      : `${online ? "connected" : "not connected"} at the end, ${dials} dials`;
    console.log(`# ${end}`);
    wrong += faults.length;
  }
}
exit(wrong || argv.length < 3 ? 1 : 0);
