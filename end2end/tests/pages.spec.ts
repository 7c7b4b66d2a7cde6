import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "@playwright/test";

import { LocalCloud } from "../support/cloud.ts";
import { GROUP, complaints, logIn } from "../support/console.ts";

const WIDTHS = [360, 768, 1440, 2560];

let cloud: LocalCloud;
test.beforeAll(async () => {
  cloud = await LocalCloud.start({ speed: 20 });
});
test.afterAll(() => cloud.stop());

const PUBLIC = ["/", "/admin/login", "/no-such-page"];
const CONSOLE = ["/admin", GROUP, `${GROUP}?window=7d`, `${GROUP}?backtest=7d`, `${GROUP}?min=9&max=3&review=1`, "/admin/no-such-page"];

for (const scheme of ["light", "dark"] as const) {
  test(`every page is quiet, accessible and fits its width in ${scheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    const heard = complaints(page);
    for (const path of PUBLIC) await inspect(page, path, scheme);
    await logIn(page, cloud);
    for (const path of CONSOLE) await inspect(page, path, scheme);
    // A page that does not exist answers 404, which Chromium reports on its own account.
    expect(heard.filter((line) => !line.includes("status of 404"))).toEqual([]);
  });
}

async function inspect(page: import("@playwright/test").Page, path: string, scheme: string) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(new URL(path, cloud.site).href);
    await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, `${path} is wider than ${width} px`).toBeLessThanOrEqual(0);
    const name = path.replaceAll(/[^a-z0-9]+/gi, "-").replaceAll(/^-|-$/g, "") || "home";
    await page.screenshot({ path: `artifacts/${name}-${scheme}-${width}.png`, fullPage: true });
  }
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations.filter((violation) => ["serious", "critical"].includes(violation.impact ?? ""));
  expect(grave.map((violation) => `${path}: ${violation.id}: ${violation.nodes[0].html}`)).toEqual([]);
}

test("the public page refines itself and loads the console's code nowhere", async ({ page }) => {
  const loaded: string[] = [];
  page.on("response", (response) => loaded.push(new URL(response.url()).pathname));
  await page.goto(`${cloud.site}/`);
  const stream = page.waitForRequest((request) => request.url().includes("/api/public/live"));
  await stream;
  expect(loaded.filter((path) => /split_|chunk_/.test(path))).toEqual([]);
  await expect(page.locator("body")).toContainText("Instances");
  await expect(page.locator("body")).not.toContainText("flaskscale-local");
});

test("the keyboard alone reaches the form and its errors", async ({ page }) => {
  await logIn(page, cloud);
  await page.goto(new URL(GROUP, cloud.site).href);
  await page.keyboard.press("Tab");
  await expect(page.locator(":focus")).toHaveText(/Skip/);
  const maximum = page.getByLabel("Maximum", { exact: true });
  await maximum.focus();
  await maximum.fill("1");
  await page.keyboard.press("Enter");
  await expect(page.locator("#policy-max-error")).toContainText(/minimum|minNumReplicas|at least/i);
});
