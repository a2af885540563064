import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Display, type DisplayEvent } from "./display.ts";

const FORMAT = 0x34325258;
const PAGES = [1, 2, 3, 4];
const FRAME = 16;

const display = (hold = false) =>
	new Display({
		name: "screen",
		width: 64,
		height: 64,
		formats: [FORMAT],
		edid: "",
		frameTicks: FRAME,
		hold,
	});

/** A display with some buffers imported. */
function withBuffers(...buffers: number[]): Display {
	const made = display();
	for (const buffer of buffers)
		expect(made.import(buffer, PAGES, 16384, FORMAT)).toBe("ok");
	return made;
}

/** What has been told since the last look, as `event buffer`. */
const told = ({ events }: Display): string[] =>
	events.splice(0).map(({ event, buffer }) => `${event} ${buffer}`);

describe("a display", () => {
	it("takes buffers of its formats that fit their pages, each number once", () => {
		const made = display();
		expect(made.import(1, PAGES, 16384, 0x1234)).toBe("EINVAL");
		expect(made.import(1, PAGES, 16385, FORMAT)).toBe("EINVAL");
		expect(made.import(0, PAGES, 16384, FORMAT)).toBe("EINVAL");
		expect(made.import(1, PAGES, 16384, FORMAT)).toBe("ok");
		expect(made.import(1, PAGES, 16384, FORMAT)).toBe("EEXIST");
		expect(made.release(1)).toBe("ok");
		expect(made.release(1)).toBe("ENOENT");
		expect(made.import(1, PAGES, 16384, FORMAT)).toBe("ok");
	});

	it("shows a buffer at the next frame and then lets go of the one before", () => {
		const made = withBuffers(1, 2);
		expect(made.show(3, 0)).toBe("ENOENT");
		expect(made.show(1, 100)).toBe("ok");
		expect(made.due).toBe(116);
		made.advance(115);
		expect(told(made)).toEqual([]);
		made.advance(116);
		expect(told(made)).toEqual(["frame 1"]);
		expect(made.current).toBe(0);
		made.advance(117);
		expect(told(made)).toEqual(["presented 1"]);
		expect(made.current).toBe(1);
		made.show(2, 117);
		made.advance(1000);
		expect(told(made)).toEqual(["frame 2", "presented 2", "released 1"]);
	});

	it("lets go of no buffer that it still has to show", () => {
		const made = withBuffers(1, 2);
		for (const buffer of [1, 2, 1]) made.show(buffer, 0);
		made.advance(2 * FRAME + 2);
		expect(told(made).filter((event) => event.startsWith("r"))).toEqual([]);
		expect(made.release(1)).toBe("EBUSY");
		made.advance(4 * FRAME);
		expect(told(made)).toContain("released 2");
		expect(made.release(2)).toBe("ok");
	});

	it("keeps what it was shown while it holds", () => {
		const made = withBuffers(1, 2);
		made.setManners({ hold: true }, 0);
		made.show(1, 0);
		made.show(2, 0);
		made.advance(100);
		made.hide();
		expect(made.held).toBe(2);
		expect(made.release(1)).toBe("EBUSY");
		told(made);
		made.setManners({ hold: false }, 100);
		expect(told(made)).toEqual(["released 1", "released 2"]);
		expect(made.release(1)).toBe("ok");
	});

	it("gives no frames while it withholds them, and a whole frame's time after", () => {
		const made = withBuffers(1, 2);
		made.setManners({ withhold: true }, 0);
		made.show(1, 0);
		made.show(2, 0);
		expect(made.due).toBe(0);
		made.advance(1000);
		expect(told(made)).toEqual([]);
		made.setManners({ withhold: false }, 1000);
		expect(made.due).toBe(1016);
		made.advance(1017);
		expect(told(made)).toEqual(["frame 1", "presented 1"]);
	});

	it("is lost with all it had, and says so", () => {
		const made = withBuffers(1, 2);
		made.show(1, 0);
		made.setManners({ lost: true }, 5);
		expect(told(made)).toEqual(["lost 0"]);
		expect(made.due).toBe(0);
		expect(made.current).toBe(0);
		expect(made.show(2, 5)).toBe("ENODEV");
		expect(made.import(3, PAGES, 1, FORMAT)).toBe("ENODEV");
		expect(made.release(1)).toBe("ok");
	});

	it("drops everything with a closed connection", () => {
		const made = withBuffers(1, 2);
		made.show(1, 0);
		made.advance(100);
		made.close();
		expect(told(made)).toEqual([]);
		expect(made.held).toBe(0);
		expect(made.release(1)).toBe("ENOENT");
	});

	it("holds exactly what is on screen or in line", () => {
		const buffer = fc.integer({ min: 1, max: 4 });
		const anyDeed = fc.oneof(
			fc.record({ does: fc.constant("show" as const), buffer }),
			fc.record({ does: fc.constant("import" as const), buffer }),
			fc.record({ does: fc.constant("release" as const), buffer }),
			fc.record({
				does: fc.constant("pass" as const),
				ticks: fc.nat(40),
			}),
			fc.record({ does: fc.constant("hide" as const) }),
		);
		let released = 0;
		fc.assert(
			fc.property(
				fc.array(anyDeed, { maxLength: 60, size: "max" }),
				(deeds) => {
					const made = withBuffers(1, 2, 3, 4);
					const owned = new Set([1, 2, 3, 4]);
					/** What the backend knows from its own calls and the events alone. */
					const held = new Set<number>();
					let line: number[] = [];
					let screen = 0;
					let now = 0;
					const hear = ({ event, buffer }: DisplayEvent) => {
						if (event === "frame") expect(buffer).toBe(line[0]);
						if (event === "presented") {
							expect(buffer).toBe(line.shift());
							screen = buffer;
						}
						if (event !== "released") return;
						// It was held, and is neither shown nor will be.
						expect(held.delete(buffer)).toBe(true);
						expect([screen, ...line]).not.toContain(buffer);
						released += 1;
					};
					for (const deed of deeds) {
						if (deed.does === "pass") {
							now += deed.ticks;
							made.advance(now);
						} else if (deed.does === "hide") {
							line = [];
							screen = 0;
							made.hide();
						} else if (deed.does === "show") {
							const known = owned.has(deed.buffer);
							const shown = made.show(deed.buffer, now);
							expect(shown).toBe(known ? "ok" : "ENOENT");
							if (!known) continue;
							line.push(deed.buffer);
							held.add(deed.buffer);
						} else if (deed.does === "import") {
							const result = made.import(deed.buffer, PAGES, 1, FORMAT);
							expect(result).toBe(owned.has(deed.buffer) ? "EEXIST" : "ok");
							owned.add(deed.buffer);
						} else {
							const result = made.release(deed.buffer);
							if (!owned.has(deed.buffer)) expect(result).toBe("ENOENT");
							else if (held.has(deed.buffer)) expect(result).toBe("EBUSY");
							else {
								expect(result).toBe("ok");
								owned.delete(deed.buffer);
							}
						}
						for (const event of made.events.splice(0)) hear(event);
						expect(made.current).toBe(screen);
						expect(made.held).toBe(held.size);
						expect([...held].sort()).toEqual(
							[...new Set([screen, ...line])].filter((b) => b > 0).sort(),
						);
					}
				},
			),
			{ numRuns: 200, seed: 5 },
		);
		expect(released).toBeGreaterThan(500);
	});
});
