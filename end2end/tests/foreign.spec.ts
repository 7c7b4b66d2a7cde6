import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { expect, test } from "@playwright/test";

import { LocalCloud, until } from "../support/cloud.ts";
import { GroupPage, logIn } from "../support/console.ts";

const FLASK = `
import os
from flask import Flask

app = Flask(__name__)

@app.get("/")
def home():
    return f"Flask in process {os.getppid()}"

@app.get("/health")
def health():
    return "ok"
`;

test("a Flask app under gunicorn is scaled, with the console on an origin of its own", async ({ page }) => {
  const python = execFileSync(resolve(import.meta.dirname, "../../scripts/python-env.sh"), { encoding: "utf8" }).trim();
  const folder = mkdtempSync(join(tmpdir(), "flaskscale-flask-"));
  writeFileSync(join(folder, "app.py"), FLASK);
  const gunicorn = ["-m", "gunicorn", "--chdir", folder, "--bind", "127.0.0.1:$PORT", "--workers", "2", "app:app"];
  const cloud = await LocalCloud.start({ speed: 20, command: [python, ...gunicorn] });
  try {
    const served = new Set<string>();
    await until("both instances have served", async () => {
      const answer = await fetch(`${cloud.site}/`);
      expect(await answer.text()).toContain("Flask in process");
      served.add(answer.headers.get("x-served-by")!);
      return served.size === 2;
    });
    expect((await fetch(`${cloud.site}/admin`)).status).toBe(404);

    expect(cloud.console).toContain("//console.localhost:");
    await logIn(page, cloud);
    const group = new GroupPage(page, cloud);
    await group.open();
    await expect(group.instances).toHaveCount(2);
    await group.stress("2.2", 900);
    await expect.poll(async () => (await group.names()).length).toBeGreaterThanOrEqual(3);
  } finally {
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
