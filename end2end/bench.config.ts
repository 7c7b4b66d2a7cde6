import { defineConfig } from "@playwright/test";

import tests from "./playwright.config.ts";

/** Measurements for `make bench`, with the browser of the tests. */
export default defineConfig({ ...tests, testDir: "bench" });
