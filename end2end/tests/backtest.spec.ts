import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";

import { AxeBuilder } from "@axe-core/playwright";
import { type Locator, type Page, expect, test } from "@playwright/test";

import { LocalCloud, program, until } from "../support/cloud.ts";
import { GroupPage, complaints, logIn } from "../support/console.ts";

const SPAN = "Last 24 hours";
/** Long enough for a policy to show that it shrinks sooner. */
const LOAD_MINUTES = 10;
/** Long enough for the cheapest policy to be the one that shrinks while nobody comes. */
const REST_MINUTES = 4;

let cloud: LocalCloud;
test.beforeAll(async ({ browser }) => {
  cloud = await LocalCloud.start({ speed: 20 });
  const page = await browser.newPage();
  await logIn(page, cloud);
  const group = new GroupPage(page, cloud);
  await group.open();
  const measured = async (): Promise<number[]> => {
    const { trace } = await (await page.request.get(`${new URL(cloud.console).origin}${RECORDING}`)).json();
    return trace.cpu.filter((cpu: number | null) => cpu !== null);
  };
  // Without rest before the load a larger minimum costs the same, and is the better for being ready.
  await until("a recording of the rest", async () => (await measured()).length >= REST_MINUTES);
  await group.stress("2.2", 900);
  await expect(page.getByRole("button", { name: /^Stop drill/ })).toBeVisible();
  // How much of the burning a busy machine lets through differs; a fifth of an instance is enough here.
  await until("a recording of the load", async () => {
    const load = await measured();
    return load.length >= REST_MINUTES + LOAD_MINUTES && Math.max(...load) >= 0.2;
  });
  await page.close();
});
test.afterAll(() => cloud.stop());

const RECORDED = "/api/admin/backtest/recording";
const RECORDING = `${RECORDED}?group=us-central1-a/flaskscale&span=1d`;

/** What nothing else beats for the least money, and its minimum. */
async function firstOfFrontier(page: Page) {
  const row = page.locator(".frontier tbody tr").first();
  return { row, minimum: await row.locator("td").nth(1).innerText() };
}

async function middle(place: Locator): Promise<[number, number]> {
  await place.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await place.boundingBox())!;
  return [x + width / 2, y + height / 2];
}

function cost(page: Page) {
  return page.locator(".versus > div").filter({ hasText: "Cost" });
}

/** The new cost, its difference and the present one. */
function dollars(text: string): number[] {
  return [...text.matchAll(/\$([\d.]+)/g)].map((match) => Number(match[1]));
}

function overload(page: Page) {
  return page.locator(".versus > div").filter({ hasText: "Overload" });
}

/** What reaches farthest to the right, for whoever has to mend it. */
function widest(page: Page) {
  return page.evaluate(() => {
    const right = (element: Element) => element.getBoundingClientRect().right;
    const [first] = [...document.querySelectorAll("main *")].sort((a, b) => right(b) - right(a));
    return first.outerHTML.slice(0, 120);
  });
}

/** A policy that shrinks at once and down to one instance, so that any load costs less under it. */
async function typeLeanBounds(page: Page) {
  await page.getByLabel("Minimum", { exact: true }).fill("1");
  await page.getByLabel("Stabilization period", { exact: true }).fill("0");
}

test("cost and overload follow the target that an owner drags", async ({ page }) => {
  const heard = complaints(page);
  await logIn(page, cloud);
  await new GroupPage(page, cloud).open();
  await page.getByRole("button", { name: SPAN }).click();
  const slider = page.getByLabel("Drag the CPU target");
  await expect(slider).toBeVisible();
  await expect(page.getByText(/^Present policy replayed: /)).toBeVisible();
  await expect(cost(page)).toContainText("as under the present policy");

  await test.step("the lowest target costs more and is overloaded no longer", async () => {
    await slider.focus();
    await page.keyboard.press("Home");
    await expect(page.getByLabel("CPU target", { exact: true })).toHaveValue("5");
    await expect(cost(page)).toContainText("more than the present policy’s");
    await expect(overload(page)).not.toContainText("more than");
  });

  await test.step("the highest one costs less", async () => {
    await typeLeanBounds(page);
    await slider.focus();
    await page.keyboard.press("End");
    await expect(page.getByLabel("CPU target", { exact: true })).toHaveValue("100");
    await expect(cost(page)).toContainText("less than the present policy’s");
  });

  await test.step("it may be applied from there, and what is no policy keeps the last numbers", async () => {
    await expect(page.getByRole("heading", { name: "What will change" })).toBeVisible();
    const before = await cost(page).innerText();
    await page.getByLabel("CPU target", { exact: true }).fill("500");
    await expect(page.getByText("The marked values cannot be tried")).toBeVisible();
    expect(await cost(page).innerText()).toBe(before);
  });

  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const grave = violations.filter((violation) => ["serious", "critical"].includes(violation.impact ?? ""));
    expect(grave.map((violation) => `${violation.id}: ${violation.nodes[0].html}`)).toEqual([]);
    for (const width of [360, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `wider than ${width} px: ${await widest(page)}`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `artifacts/backtest-${scheme}-${width}.png`, fullPage: true });
    }
  }
  expect(heard).toEqual([]);
});

test("without JavaScript the server answers with the same numbers", async ({ page, browser }) => {
  const plain = await browser.newPage({ javaScriptEnabled: false });
  await logIn(plain, cloud);
  await new GroupPage(plain, cloud).open();
  await typeLeanBounds(plain);
  await plain.getByLabel("CPU target", { exact: true }).fill("100");
  await plain.getByRole("button", { name: SPAN }).click();
  await expect(plain).toHaveURL(/backtest=1d/);
  await expect(plain.getByLabel("CPU target", { exact: true })).toHaveValue("100");
  await expect(cost(plain)).toContainText("less than the present policy’s");

  await logIn(page, cloud);
  // Each instance of the console reads the record for itself, so that one may be a few minutes ahead.
  await expect(async () => {
    await plain.reload();
    const told = dollars(await cost(plain).innerText());
    // An address that differs in nothing but its fragment would not be loaded again.
    await page.goto("about:blank");
    const recording = page.waitForResponse((response) => response.url().includes(RECORDED));
    await page.goto(plain.url());
    await recording;
    await expect(page.getByLabel("Drag the CPU target")).toBeVisible();
    const computed = dollars(await cost(page).innerText());
    expect(computed.length).toBe(told.length);
    computed.forEach((amount, index) => expect(Math.abs(amount / told[index] - 1)).toBeLessThan(0.15));
  }).toPass();

  await test.step("and each policy of the sweep is a link that fills the form", async () => {
    const { row, minimum } = await firstOfFrontier(plain);
    await row.getByRole("link").click();
    await expect(plain.getByLabel("Minimum", { exact: true })).toHaveValue(minimum);
    await expect(plain.locator(".versus")).toBeVisible();
  });
  await plain.close();
});

test("a policy of the sweep is picked with the pointer, the keyboard or from the table", async ({ page }) => {
  const heard = complaints(page);
  await logIn(page, cloud);
  await new GroupPage(page, cloud).open();
  await page.getByRole("button", { name: SPAN }).click();
  const plot = page.getByRole("group", { name: /^Cost against overload/ });
  const readout = page.locator(".scatter [aria-live]");
  const target = page.getByLabel("CPU target", { exact: true });

  await test.step("the keyboard walks from the cheapest to the dearest", async () => {
    await plot.focus();
    await page.keyboard.press("Home");
    const cheapest = await readout.innerText();
    expect(cheapest).toMatch(/^CPU target .+, minimum 1, stabilization period .+: \$.+ of overload$/);
    await page.keyboard.press("Enter");
    await expect(target).toHaveValue(cheapest.match(/[\d.]+/)![0]);
    await page.keyboard.press("End");
    await expect(readout).not.toHaveText(cheapest);
  });

  await test.step("a page that moves under a resting pointer leaves the keyboard's choice alone", async () => {
    await page.mouse.move(...(await middle(plot)));
    await plot.focus();
    await page.keyboard.press("Home");
    const chosen = await readout.innerText();
    await page.evaluate(() => window.scrollBy(0, -window.innerHeight));
    await expect.poll(() => page.evaluate(() => document.querySelector(".scatter .chart-box:hover"))).toBeNull();
    await expect(readout).toHaveText(chosen);
  });

  await test.step("a click picks the nearest", async () => {
    await target.fill("61");
    const dot = page.locator("a:has(.spot.front)").first();
    // Others may cover it; the click is for what lies nearest, not for what lies on top.
    await dot.click({ force: true });
    await expect(target).not.toHaveValue("61");
    const ring = page.locator(".scatter svg.plot > .new");
    await expect(async () => {
      const [[dotX, dotY], [ringX, ringY]] = [await middle(dot), await middle(ring)];
      expect(Math.hypot(dotX - ringX, dotY - ringY)).toBeLessThan(3);
    }).toPass({ timeout: 120_000 });
  });

  await test.step("the table fills the form without leaving the page", async () => {
    const { row, minimum } = await firstOfFrontier(page);
    await row.getByRole("link").focus();
    await page.keyboard.press("Enter");
    await expect(page.getByLabel("Minimum", { exact: true })).toHaveValue(minimum);
    await expect(page.getByRole("heading", { name: "What will change" })).toBeVisible();
    expect(page.url()).not.toContain("backtest=");
  });

  await test.step("another maximum is swept again", async () => {
    const caption = page.locator(".scatter .caption");
    await expect(caption).toHaveText(/^120 policies/);
    await page.getByLabel("Maximum", { exact: true }).fill("3");
    await expect(caption).toHaveText(/^80 policies/);
  });
  expect(heard).toEqual([]);
});

test("the recorded load is saved as a policy test that the command line holds a policy against", async ({ page }) => {
  await logIn(page, cloud);
  await new GroupPage(page, cloud).open();
  await page.getByRole("button", { name: SPAN }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Save this load as a policy test" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("flaskscale-1d.json");
  const path = await file.path();

  expect(await check(path)).toEqual({ code: 0, said: expect.stringContaining("holds: us-central1-a/flaskscale, last 24 hours") });
  const tooMany = { minNumReplicas: 9, maxNumReplicas: 9, cpuUtilization: { utilizationTarget: 0.5 } };
  const policy = test.info().outputPath("policy.json");
  writeFileSync(policy, JSON.stringify(tooMany));
  expect(await check(path, "--policy", policy)).toEqual({ code: 1, said: expect.stringMatching(/^violated: .*9 instances/) });
});

/** Checks a file of cases from the command line against the running group, or the policies given. */
function check(file: string, ...args: string[]): Promise<{ code: number; said: string }> {
  const command = ["backtest", "--check", file, "--group", "flaskscale", ...args];
  const env = { ...process.env, FLASKSCALE_API: cloud.api };
  return new Promise((done) => {
    execFile(program, command, { env }, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
    );
  });
}
