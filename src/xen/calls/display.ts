import type { Display } from "../display.ts";
import type { Domain } from "../domain.ts";
import type { World } from "../world.ts";
import { type Handlers, OK, refused, status } from "./handler.ts";

const opened = (
	world: World,
	domain: Domain,
	id: number,
): Display | undefined =>
	domain.displays.has(id) ? world.displays[id - 1] : undefined;

/** The consumer behind the backend. */
export const displayCalls: Handlers<"display."> = {
	"display.open": (world, domain, { name }) => {
		const id = world.displays.findIndex((d) => d.shape.name === name) + 1;
		const display = world.displays[id - 1];
		if (display === undefined || display.manners.lost)
			return {
				status: refused(display === undefined ? "ENOENT" : "ENODEV"),
				display: 0,
				width: 0,
				height: 0,
				formats: [],
				edid: "",
			};
		domain.displays.add(id);
		const { width, height, formats, edid } = display.shape;
		return { status: OK, display: id, width, height, formats, edid };
	},

	"display.import": (world, domain, ask) => {
		const display = opened(world, domain, ask.display);
		if (display === undefined) return status(refused("ENOENT"));
		const bytes = ask.offset + ask.stride * ask.height;
		const done = display.import(ask.buffer, ask.pages, bytes, ask.format);
		return status(done === "ok" ? OK : refused(done));
	},

	"display.show": (world, domain, { display, buffer }) => {
		const done =
			opened(world, domain, display)?.show(buffer, world.now) ?? "ENOENT";
		return status(done === "ok" ? OK : refused(done));
	},

	"display.hide": (world, domain, { display }) => {
		const shown = opened(world, domain, display);
		if (shown === undefined) return status(refused("ENOENT"));
		shown.hide();
		return status(OK);
	},

	"display.release": (world, domain, { display, buffer }) => {
		const done = opened(world, domain, display)?.release(buffer) ?? "ENOENT";
		return status(done === "ok" ? OK : refused(done));
	},

	"display.close": (world, domain, { display }) => {
		const shown = opened(world, domain, display);
		if (shown === undefined) return status(refused("ENOENT"));
		shown.close();
		domain.displays.delete(display);
		return status(OK);
	},
};
