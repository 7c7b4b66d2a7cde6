import { expect, test } from "@playwright/test";

import { LocalCloud } from "../support/cloud.ts";
import { GroupPage, logIn } from "../support/console.ts";

test.use({ javaScriptEnabled: false });

let cloud: LocalCloud;
test.beforeAll(async () => {
  cloud = await LocalCloud.start({ speed: 20 });
});
test.afterAll(() => cloud.stop());

test("without JavaScript the pages, the form and the links work", async ({ page }) => {
  await page.goto(`${cloud.site}/`);
  await expect(page.locator("body")).toContainText("Instances");
  await logIn(page, cloud);
  const group = new GroupPage(page, cloud);
  await group.open();
  await expect(group.instances).toHaveCount(2);

  await test.step("a wrong value is explained beside its field and changes nothing", async () => {
    await page.getByLabel("Maximum", { exact: true }).fill("1");
    await page.getByRole("button", { name: "Review changes" }).click();
    await expect(page.locator("#policy-max-error")).toContainText(/\S/);
    await expect(page.getByLabel("Maximum", { exact: true })).toHaveValue("1");
    await expect(page.getByRole("button", { name: /^Apply/ })).toHaveCount(0);
  });

  await test.step("a right one shows the difference, then applies", async () => {
    await group.open();
    await group.change("Maximum", "5", "quieter week");
    await expect(page.locator("body")).toContainText("quieter week");
    await expect(page.getByLabel("Maximum", { exact: true })).toHaveValue("5");
  });

  await test.step("other windows are links", async () => {
    await page.getByRole("link", { name: "1 h", exact: true }).click();
    await expect(page).toHaveURL(/window=/);
  });

  await test.step("logging out ends it", async () => {
    await page.getByRole("button", { name: "Log out" }).click();
    await page.goto(`${cloud.console}`);
    await expect(page).toHaveURL(/\/admin\/login/);
  });
});

test("a policy that somebody else changed meanwhile is not overwritten", async ({ page, browser }) => {
  await logIn(page, cloud);
  const mine = new GroupPage(page, cloud);
  await mine.open();

  const other = await browser.newPage({ javaScriptEnabled: false });
  await logIn(other, cloud);
  const theirs = new GroupPage(other, cloud);
  await theirs.open();
  await theirs.change("Stabilization period", "300", "faster");
  await expect(other.locator("body")).toContainText("faster");

  await mine.fill("Minimum", "3");
  await expect(page.locator("#policy")).toContainText("was changed while this form was open");
  await expect(page.getByRole("button", { name: /^Apply/ })).toHaveCount(0);
  await expect(page.getByLabel("Minimum", { exact: true })).toHaveValue("3");
  await expect(page.getByLabel("Stabilization period", { exact: true })).toHaveValue("300");

  await test.step("after a second look both changes stand", async () => {
    await mine.review("after a second look");
    await expect(page.getByLabel("Minimum", { exact: true })).toHaveValue("3");
    await expect(page.getByLabel("Stabilization period", { exact: true })).toHaveValue("300");
  });
});
