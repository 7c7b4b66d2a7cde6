import { writeFileSync } from "node:fs";

import { type Page, expect, test } from "@playwright/test";

import { LocalCloud } from "../support/cloud.ts";
import { GroupPage, logIn } from "../support/console.ts";

const WEEK = 7 * 24 * 60;
const DRAGS = 60;
const SWEEPS = 7;

interface Measured {
  /** Milliseconds from an event of the slider to the drawn numbers. */
  drags: number[];
  /** Of each sweep: milliseconds until it is drawn, of its slices alone, and of its longest slice. */
  sweeps: { whole: number; busy: number; longest: number; policies: number }[];
}

declare global {
  interface Window {
    slices: number[];
  }
}

test("a week of minutes under the slider and in the sweep", async ({ page }) => {
  const cloud = await LocalCloud.start({ speed: 20 });
  try {
    await serveWeek(page);
    await timeSlices(page);
    await logIn(page, cloud);
    await new GroupPage(page, cloud).open();
    await page.getByRole("button", { name: "Last 7 days" }).click();
    await expect(page.getByText(/10.080 of 10.080 steps measured/)).toBeVisible();
    await expect(page.locator(".frontier tbody tr").first()).toBeVisible();
    const measured: Measured = { drags: await drag(page), sweeps: await sweep(page) };
    writeFileSync(process.env.FLASKSCALE_MEASURED ?? "test-results/backtest.json", JSON.stringify(measured));
  } finally {
    await cloud.stop();
  }
});

/** A week with days, and a disturbance every few minutes, in the place of the minutes that a new cloud has. */
async function serveWeek(page: Page) {
  await page.route(/\/api\/admin\/backtest\/recording/, async (route) => {
    const answer = await route.fetch();
    const load = await answer.json();
    const every = (value: (minute: number) => number | null) => Array.from({ length: WEEK }, (_, minute) => value(minute));
    load.trace.cpu = every((minute) => 1.6 + 1.4 * Math.sin((minute / 1440) * 2 * Math.PI) + 0.2 * Math.sin(minute));
    load.trace.requestsPerSecond = every(() => null);
    for (const column of ["serving", "size", "recommended"]) load.trace[column] = every(() => 4);
    await route.fulfill({ response: answer, json: load });
  });
}

/** Keeps how long each callback of a timer took. */
async function timeSlices(page: Page) {
  await page.addInitScript(() => {
    const original = window.setTimeout;
    window.slices = [];
    window.setTimeout = ((callback: () => void, wait?: number) =>
      original(() => {
        const began = performance.now();
        callback();
        window.slices.push(performance.now() - began);
      }, wait)) as typeof window.setTimeout;
  });
}

/** What the page does at once and in microtasks is over when a message of its own arrives. */
function drag(page: Page): Promise<number[]> {
  return page.evaluate(async (drags) => {
    const slider = document.querySelector<HTMLInputElement>("#backtest-cpu")!;
    const channel = new MessageChannel();
    const settled = () =>
      new Promise((done) => {
        channel.port1.onmessage = done;
        channel.port2.postMessage(0);
      });
    const times: number[] = [];
    for (let index = 0; index < drags; index += 1) {
      const began = performance.now();
      slider.value = String(30 + (index % 60));
      slider.dispatchEvent(new InputEvent("input", { bubbles: true }));
      await settled();
      times.push(performance.now() - began);
    }
    return times;
  }, DRAGS);
}

/** Another maximum is another sweep. */
async function sweep(page: Page): Promise<Measured["sweeps"]> {
  const sweeps: Measured["sweeps"] = [];
  for (let index = 0; index < SWEEPS; index += 1) {
    const figures = await page.evaluate(async (maximum) => {
      const field = document.querySelector<HTMLInputElement>("#policy-max")!;
      const section = document.querySelector(".frontier")!;
      window.slices.length = 0;
      const began = performance.now();
      const drawn = new Promise<void>((done) => {
        new MutationObserver((_, observer) => {
          if (section.hasAttribute("aria-busy")) return;
          observer.disconnect();
          done();
        }).observe(section, { attributes: true, attributeFilter: ["aria-busy"] });
      });
      field.value = String(maximum);
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      await drawn;
      const whole = performance.now() - began;
      await new Promise((done) => requestAnimationFrame(done));
      const slices = [...window.slices];
      const busy = slices.reduce((sum, slice) => sum + slice, 0);
      const policies = Number(document.querySelector(".scatter .caption")!.textContent!.match(/\d+/)![0]);
      return { whole, busy, longest: Math.max(...slices), policies };
    }, 20 + index);
    sweeps.push(figures);
  }
  return sweeps;
}
