import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		include: ["src/**/*.test.ts", "test/**/*.test.ts"],
		testTimeout: 60_000,
		// Isolation costs more than the tests themselves; no test keeps state in a module.
		isolate: false,
	},
});
