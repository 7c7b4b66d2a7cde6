import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const program = process.env.FLASKSCALE_PROGRAM ?? join(repository, "target/release/flaskscale");

export interface Instance {
  name: string;
  zone: string;
  pid: number | null;
  port: number | null;
  state: string;
}

/** A real `flaskscale up` on free ports with a state directory of its own. */
export class LocalCloud {
  site = "";
  console = "";
  api = "";
  password = "";
  readonly output: string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    readonly stateDirectory: string,
  ) {}

  /** Starts the cloud and returns once it has printed `ready`. */
  static async start(options: { speed?: number; stateDirectory?: string; command?: string[] } = {}) {
    const state = options.stateDirectory ?? mkdtempSync(join(tmpdir(), "flaskscale-e2e-"));
    const args = ["up", "--site-port", "0", "--api-port", "0", "--state-dir", state];
    args.push("--speed", String(options.speed ?? 20));
    if (options.command) args.push("--", ...options.command);
    const cloud = new LocalCloud(spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] }), state);
    await cloud.ready();
    return cloud;
  }

  private ready(): Promise<void> {
    createInterface({ input: this.child.stderr! }).on("line", (line) => this.output.push(line));
    return new Promise((done, fail) => {
      this.child.once("exit", (code) => fail(new Error(`up ended with ${code}\n${this.output.join("\n")}`)));
      createInterface({ input: this.child.stdout! }).on("line", (line) => {
        this.output.push(line);
        const [word, value] = [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)];
        if (word === "site") this.site = value.replace(/\/$/, "");
        if (word === "console") this.console = value.replace(/\/$/, "");
        if (word === "api") this.api = value.replace(/\/$/, "");
        if (word === "password") this.password = value;
        if (line === "ready") done();
      });
    });
  }

  async instances(): Promise<Instance[]> {
    const answer = await fetch(`${this.api}/_emulator/instances`);
    return (await answer.json()) as Instance[];
  }

  /** Ends the cloud as Ctrl-C does and removes its state. */
  async stop({ keepState = false } = {}) {
    await this.end("SIGINT");
    if (!keepState) rmSync(this.stateDirectory, { recursive: true, force: true });
  }

  async kill() {
    await this.end("SIGKILL");
  }

  private end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return Promise.resolve();
    return new Promise((done) => {
      this.child.removeAllListeners("exit");
      this.child.once("exit", () => done());
      this.child.kill(signal);
    });
  }
}

/** Repeats a look until it gives something; the guard is for hangs, not for speed. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, guard = 300_000): Promise<T> {
  const end = Date.now() + guard;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${guard / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
