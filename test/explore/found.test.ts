/**
 * What exploring has found in the reference pair, in the rules and in the engine, as it was shrunk then: each is mended, and passes. `found/` has made-up
 * stories; what was found in a shipped case is its choices.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePicks } from "../../src/base/choices.ts";
import { once } from "../../src/explore/once.ts";
import type { Case } from "../../src/scenario/scenario.ts";
import { loadCases } from "../wrong/suite.ts";
import { SETUP, story } from "./stories.ts";

/** Case, choices, and the seed of an order that was drawn. */
const SHIPPED: readonly [id: string, choices: string, seed?: number][] = [
	// Frontends that were silent when the scenario took their driver off were left with it.
	["hostile-backend.reserved-octets[value=255]", "fault.peer-silent.fe:149=2"],
	[
		"hostile-backend.state-jumps-connected[state=Initialised]",
		"fault.peer-silent.fe:255=1",
	],
	// A driver was started in a domain that hung.
	[
		"sweeps.backend-starts[call=xs.directory,nth=1,error=-EIO,times=9]",
		"fault.domain-hang.be:13=1",
	],
	// A store without room for what a side has to write.
	["world.store-full[nodes=13]", "fault.watch-fails.fe:0=1"],
	// A step that announces what an earlier one broke, to which the story does not come after a fault.
	["hostile-frontend.state-text[text=-4]", "fault.display-vanishes.be:2=1"],
	// A frame that is mapped anew is not looked at for the second time.
	[
		"grants.backend-cannot-bind[call=grant.map,nth=4,error=GNTST_no_space]",
		"fault.watch-doubled.be:1=1,fault.words-rewritten.be:0=2",
	],
	// A backend that was restarted before it had looked at what the frontend published.
	[
		"accepted.version-unsaid",
		"fault.peer-silent.be:8=1,fault.peer-restarts.be:19=1",
	],
	// A transaction that was tried again after a conflict, and failed for another reason.
	[
		"sweeps.frontend-connects-reads-twice[nth=10]",
		"fault.transaction-conflict.fe:0=1",
	],
	// References that only a fault has shown.
	[
		"hostile-frontend.directory-loop[pages=1023]",
		"fault.words-rewritten.be:12=2",
	],
	// A directory of the backend's own pages has done its service before they are destroyed.
	[
		"hostile-backend.be-alloc-unusable[place=last,word=4,ref=0]",
		"fault.end-fails.fe:1=1,fault.notify-lost.fe:2=1",
	],
	// The ports of a driver that is gone.
	["death.driver-reloaded", "fault.port-fails.fe:3=1"],
	// A late notification for a port that is another channel's by then.
	[
		"hostile-backend.closes-mid-request[state=Closed]",
		"fault.notify-doubled.fe:0=1,fault.notify-lost.fe:1=1",
	],
	// A failure that a scenario aims at one access, and that hit another one after a fault.
	[
		"grants.backend-cannot-lend[call=page.store,nth=1,error=-EIO]",
		"fault.access-fails.be:1=1",
	],
	[
		"grants.edid-not-written[what=write,call=page.store,nth=1,error=-EIO]",
		"fault.map-fails.be:9=2",
	],
	[
		"sweeps.backend-shows[call=page.store,nth=8,error=-EIO]",
		"fault.map-fails.be:7=1",
		288599,
	],
	// A backend that is started anew before it has taken up what the frontend published.
	["grants.backend-store-full[nth=1,times=1]", "fault.peer-restarts.be:69=1"],
	// A backend that tried once a second to say that it closes.
	["grants.backend-store-full[nth=2,times=3]", "fault.words-rewritten.be:4=1"],
	// A backend that held the next offer back for longer than anybody waits.
	[
		"connect.removed-in-the-pause[force=false,after=Closed]",
		"fault.page-fails.fe:1=1,fault.object-fails.be:3=1",
	],
	// A transaction that was tried again and refused, and one whose conflict was the peer's moving on.
	[
		"hostile-backend.reserved-octets[value=255]",
		"fault.transaction-conflict.fe:0=1,fault.transaction-quota.fe:2=1",
	],
	[
		"connect.removed-in-the-pause[force=false,after=Closed]",
		"fault.peer-silent.fe:74=2",
	],
	// A backend whose state the toolstack wrote between the start and the end of its transaction.
	[
		"connect.removed-in-the-pause[force=false,after=Closed]",
		"fault.peer-silent.be:199=2",
	],
	// A frontend that had given up and come back when the backend made its half of the connection.
	[
		"hostile-frontend.event-page-at-bind[cons=0,prod=64]",
		"fault.peer-silent.be:68=2",
	],
	["hostile-frontend.half-connected", "fault.peer-silent.be:65=1"],
	// A page of two creates, the second of which was refused and could not let go of it.
	["cookies.two-guests", "fault.unmap-fails.be:2=1"],
	// What a guest left open that is another guest by now.
	["death.born-again", "fault.port-fails.fe:3=1"],
	// Drivers that tried again so rarely what had been kept from them that nobody waited for it.
	["guests.one-display", "fault.domain-hang.fe:95=1"],
	// A flip that is refused among many that are shown and answered at once.
	["framebuffers.ring-full", "fault.object-fails.be:9=1"],
	["buffers.full-ring", "fault.object-fails.be:9=1"],
	// A frontend whose state the toolstack has written over while it came back.
	["guests.noisy", "fault.display-vanishes.be:2=1"],
	// An answer that a failing store kept from a frontend that has crashed since.
	[
		"sweeps.backend-shows[call=page.store,nth=8,error=-EIO]",
		"fault.domain-crash.fe:139=1",
	],
	// A frontend that published while the backend was closed.
	[
		"accepted.version-unsaid",
		"fault.peer-restarts.be:28=1,fault.peer-silent.be:52=1",
	],
	// An event that was under way when its frontend left the link.
	["connect.unbind-on-screen", "fault.peer-silent.be:993=1"],
	// A link that ends right after a refusal.
	[
		"grants.unmap-fails[nth=1]",
		"fault.words-rewritten.be:4=2,fault.store-write-fails.be:5=1",
	],
	// A client whose operation ends while its driver is about to leave a broken link.
	[
		"hostile-frontend.be-alloc-of-another",
		"fault.port-fails.be:3=1,fault.words-rewritten.fe2:9=1",
	],
	// A task that is woken for one ring and finds something on the other.
	["hostile-frontend.reserved-octets[value=1]", "", 37969],
];

describe("what exploring has found is mended", () => {
	const cases = new Map(
		loadCases(["scenarios"]).map((one): [string, Case] => [one.id, one]),
	);

	it.each(SHIPPED)("in %s with %s", async (id, choices, seed = 0) => {
		const shipped = cases.get(id);
		if (shipped === undefined) throw new Error(`${id} is not shipped`);
		const picks = parsePicks(choices);
		if ("error" in picks) throw new Error(picks.error);
		const { found, struck } = await once(shipped, SETUP, { picks, seed });
		expect(found.map(({ message }) => message)).toEqual([]);
		if (seed === 0) expect(struck).toHaveLength(picks.length);
	});

	const folder = join(import.meta.dirname, "found");
	it.each(readdirSync(folder))("in the story %s", async (file) => {
		const one = story(readFileSync(join(folder, file), "utf8"));
		const { found } = await once(one, SETUP, { picks: one.choices ?? [] });
		expect(found.map(({ message }) => message)).toEqual([]);
	});
});
