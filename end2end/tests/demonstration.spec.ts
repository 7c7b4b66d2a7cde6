import { expect, test } from "@playwright/test";

import { LocalCloud, until } from "../support/cloud.ts";
import { GroupPage, complaints, logIn } from "../support/console.ts";
import { cpuSeconds } from "../support/processes.ts";

/** Of one core. Above it, idling alone would look like load on a quarter-core machine. */
const IDLE_CORES = 0.05;
const IDLE_SECONDS = 15;

test("a load rises, the group grows, and an owner steers it", async ({ page }) => {
  const heard = complaints(page);
  const cloud = await LocalCloud.start({ speed: 20 });
  try {
    await test.step("two idle instances need almost no CPU", async () => {
      const pids = (await cloud.instances()).map((instance) => instance.pid!);
      expect(pids).toHaveLength(2);
      const before = pids.map(cpuSeconds);
      await new Promise((done) => setTimeout(done, IDLE_SECONDS * 1000));
      for (const [index, pid] of pids.entries()) {
        expect((cpuSeconds(pid) - before[index]) / IDLE_SECONDS).toBeLessThanOrEqual(IDLE_CORES);
      }
    });

    await logIn(page, cloud);
    const group = new GroupPage(page, cloud);
    await group.open();
    await expect(group.instances).toHaveCount(2);
    const first = await group.names();

    await test.step("a stress drill makes the group grow", async () => {
      await group.stress("2.2", 900);
      await expect(page.getByRole("button", { name: /^Stop drill/ })).toBeVisible();
      await expect.poll(async () => (await group.names()).length).toBeGreaterThanOrEqual(3);
    });

    await test.step("the new instances serve requests", async () => {
      await until("a request served by a new instance", async () => {
        const answer = await fetch(`${cloud.site}/`);
        expect(answer.status).toBe(200);
        const server = answer.headers.get("x-served-by");
        return server && !first.includes(server);
      });
    });

    await test.step("the history says why", async () => {
      const grown = group.history.filter({ has: page.locator(".sizes", { hasText: /^2 → [3-6]$/ }) }).first();
      await expect(grown).toContainText(/CPU/);
      await expect(grown).toContainText(/50/);
    });

    await test.step("after the drill and the stabilization period the group returns to two", async () => {
      // A drill ends by itself at its time; stopping it is the owner's way.
      if (await page.getByRole("button", { name: /^Stop drill/ }).count()) await group.stopStress();
      await expect(group.instances).toHaveCount(2, { timeout: 300_000 });
      await group.open();
      const shrunk = group.history.filter({ has: page.locator(".sizes", { hasText: /^[3-6] → [2-5]$/ }) }).first();
      await expect(shrunk).toBeVisible();
    });

    await test.step("a raised minimum brings a third instance, and the history names who did it", async () => {
      await group.change("Minimum", "3", "open day");
      await expect(group.instances).toHaveCount(3, { timeout: 300_000 });
      const change = group.history.filter({ hasText: "open day" }).first();
      await expect(change).toContainText("admin");
      await expect(change).toContainText("Minimum: 2 → 3");
    });
    expect(heard).toEqual([]);
  } finally {
    await cloud.stop();
  }
});
