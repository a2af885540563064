/** Our EDID base blocks read by edid-decode, which knows nothing of us. */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { buildEdid } from "../../src/displif/edid.ts";

const decode = (edid: Uint8Array) =>
	spawnSync("edid-decode", ["--check", "-"], {
		input: edid,
		encoding: "utf8",
		timeout: 30_000,
	});
const missing = decode(buildEdid(800, 600, 128)).error !== undefined;

describe.skipIf(missing)(
	`edid-decode${missing ? " (skipped: it is not there)" : ""}`,
	() => {
		it.each([
			[640, 480],
			[800, 600],
			[1024, 768],
			[1920, 1080],
			[3840, 2160],
			[4095, 4095],
		])(
			"finds %i x %i preferred, and nothing to complain of",
			(width, height) => {
				const { stdout } = decode(buildEdid(width, height, 128));
				expect(stdout).toMatch(new RegExp(`DTD 1: +${width}x${height} `));
				expect(stdout).toContain("Manufacturer: XEN");
				expect(stdout).toContain("EDID conformity: PASS");
			},
		);

		it("complains of a wrong checksum", () => {
			const edid = buildEdid(800, 600, 128);
			edid[127] = (edid[127] as number) ^ 1;
			expect(decode(edid).stdout).toContain("EDID conformity: FAIL");
		});
	},
);
