import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  // One fleet at a time: six instances, a balancer and a browser already share the machine's cores.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  // A hang guard, not a speed limit: machines that run tests are noisy.
  timeout: 10 * 60_000,
  expect: { timeout: 120_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    launchOptions: {
      // Playwright's own browser where it could be downloaded, the system's otherwise.
      executablePath: process.env.CHROMIUM ?? browsers.find((path) => existsSync(path)),
      args: [
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
