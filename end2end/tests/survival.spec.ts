import { expect, test } from "@playwright/test";

import { LocalCloud, until } from "../support/cloud.ts";
import { GroupPage, logIn } from "../support/console.ts";
import { isAlive } from "../support/processes.ts";

const REQUESTS = 4000;
const SIDE_BY_SIDE = 16;

test("an instance that is killed while requests run costs none of them and is replaced", async () => {
  const cloud = await LocalCloud.start({ speed: 20 });
  try {
    const victim = (await cloud.instances())[0];
    let sent = 0;
    const failures: string[] = [];
    const visitor = async () => {
      while (sent < REQUESTS) {
        sent += 1;
        if (sent === REQUESTS / 4) process.kill(victim.pid!, "SIGKILL");
        const status = await fetch(`${cloud.site}/`).then(
          async (answer) => ((await answer.text()) ? answer.status : "an empty page"),
          (error) => String(error.cause ?? error),
        );
        if (status !== 200) failures.push(String(status));
      }
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, visitor));
    expect(failures).toEqual([]);

    await until("the victim is replaced", async () => {
      const running = (await cloud.instances()).filter((instance) => instance.state === "RUNNING");
      return running.length === 2 && running.every((instance) => instance.pid !== victim.pid);
    });
  } finally {
    await cloud.stop();
  }
});

test("after the emulator is killed, history and policy are as they were", async ({ page }) => {
  const first = await LocalCloud.start({ speed: 20 });
  const { password, stateDirectory } = first;
  let again: LocalCloud | undefined;
  try {
    await logIn(page, first);
    const before = new GroupPage(page, first);
    await before.open();
    await before.change("Maximum", "5", "before the crash");
    await expect(before.history.filter({ hasText: "before the crash" })).toBeVisible();
    const rows = await before.events();
    const processes = (await first.instances()).map((instance) => instance.pid!);
    await first.kill();
    await until("no process of the first run is left", async () => !processes.some(isAlive));

    again = await LocalCloud.start({ speed: 20, stateDirectory });
    expect(again.password).toBe("");
    again.password = password;
    await logIn(page, again);
    const after = new GroupPage(page, again);
    await after.open();
    await expect(page.getByLabel("Maximum", { exact: true })).toHaveValue("5");
    expect(await after.events()).toEqual(expect.arrayContaining(rows));
  } finally {
    await (again ?? first).stop();
  }
});
