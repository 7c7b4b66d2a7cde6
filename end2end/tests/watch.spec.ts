import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "@playwright/test";

import { until } from "../support/cloud.ts";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

// A debug build of everything happens inside; this is a hang guard.
test.setTimeout(40 * 60_000);

test("cargo leptos watch serves the console from a clean clone and shows a changed component", async ({ page }) => {
  const clone = mkdtempSync(join(tmpdir(), "flaskscale-watch-"));
  execFileSync("git", ["clone", "--quiet", repository, clone]);
  // The clone is clean; the compiled dependencies are borrowed, since they do not change.
  const target = process.env.CARGO_TARGET_DIR ?? join(repository, "target");
  const watch = spawn("cargo", ["leptos", "watch"], {
    cwd: clone,
    env: { ...process.env, CARGO_TARGET_DIR: target },
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  try {
    await until("the site on port 3000", () => answers("http://127.0.0.1:3000/health"), 30 * 60_000);
    await page.goto("http://127.0.0.1:3000/admin");
    await expect(page).toHaveURL(/\/admin\/login/);

    const home = join(clone, "app/src/public/home.rs");
    const source = readFileSync(home, "utf8");
    const changed = source.replace(/<h1>[^<]*<\/h1>/, '<h1>"Changed while it was watched"</h1>');
    expect(changed).not.toBe(source);
    writeFileSync(home, changed);
    await until(
      "the changed heading",
      async () => {
        const answer = await fetch("http://127.0.0.1:3000/").catch(() => undefined);
        return answer?.ok && (await answer.text()).includes("Changed while it was watched");
      },
      30 * 60_000,
    );
  } finally {
    await end(watch);
    try {
      await until("no process of the clone is left", async () => processesOf(clone, target).length === 0);
    } finally {
      rmSync(clone, { recursive: true, force: true });
    }
  }
});

async function answers(url: string): Promise<boolean> {
  return (await fetch(url).catch(() => undefined))?.ok ?? false;
}

/** Ends cargo-leptos as Ctrl-C in its terminal does: the whole foreground group gets it. */
function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once("exit", () => done());
    process.kill(-child.pid!, "SIGINT");
  });
}

/** Processes that run in the clone or run the debug program. */
function processesOf(clone: string, target: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      if (command.includes(clone) || command.startsWith(join(target, "debug/flaskscale"))) found.push(`${pid} ${command}`);
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}
