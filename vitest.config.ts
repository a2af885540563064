import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		include: ["src/**/*.test.ts", "test/**/*.test.ts"],
		// A machine that does other things as well is slow, not wrong.
		testTimeout: 300_000,
		// Isolation costs more than the tests themselves; no test keeps state in a module.
		isolate: false,
	},
});
