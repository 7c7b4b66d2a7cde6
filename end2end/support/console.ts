import { type Locator, type Page, expect } from "@playwright/test";

import type { LocalCloud } from "./cloud.ts";

export const GROUP = "/admin/groups/us-central1-a/flaskscale";

/** Everything a browser complains about, collected so that a test can demand silence. */
export function complaints(page: Page): string[] {
  const heard: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) heard.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => heard.push(`uncaught: ${error.message}`));
  return heard;
}

export async function logIn(page: Page, cloud: LocalCloud) {
  await page.goto(`${cloud.console}/login`);
  await page.getByLabel("Password").fill(cloud.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page).toHaveURL(/\/admin$/);
}

export class GroupPage {
  readonly instances: Locator;
  readonly history: Locator;

  constructor(
    readonly page: Page,
    readonly cloud: LocalCloud,
  ) {
    this.instances = page.locator("table.instances tbody tr");
    this.history = page.locator("table.history tbody tr");
  }

  async open() {
    await this.page.goto(new URL(GROUP, this.cloud.console).href);
    await expect(this.page.getByRole("heading", { level: 1 })).toContainText("flaskscale");
  }

  async names(): Promise<string[]> {
    return this.instances.locator("th code").allInnerTexts();
  }

  /** The rows of the history as they read, newest first. */
  async events(): Promise<string[]> {
    return this.history.allInnerTexts();
  }

  /** Starts a stress drill on the first instance. */
  async stress(load: string, seconds: number) {
    const row = this.instances.first();
    await row.getByText("Stress").first().click();
    await row.getByLabel(/Load/).selectOption(load);
    await row.getByLabel(/Seconds/).fill(String(seconds));
    await row.getByRole("button", { name: /^Stress / }).click();
  }

  async stopStress() {
    await this.page.getByRole("button", { name: /^Stop drill/ }).first().click();
  }

  /** Changes one field of the policy, reviews the difference and applies it. */
  async change(label: string, value: string, note: string) {
    await this.fill(label, value);
    await this.apply(note);
  }

  /** Types into one field of the policy and asks what would change. */
  async fill(label: string, value: string) {
    await this.page.getByLabel(label, { exact: true }).fill(value);
    await this.page.getByRole("button", { name: "Review changes" }).click();
  }

  /** Asks once more what would change, and applies it. */
  async review(note: string) {
    await this.page.getByRole("button", { name: "Review changes" }).click();
    await this.apply(note);
  }

  private async apply(note: string) {
    await expect(this.page.getByRole("heading", { name: "What will change" })).toBeVisible();
    await this.page.getByLabel("Note for the history").fill(note);
    await this.page.getByRole("button", { name: /^Apply/ }).click();
  }
}
