import type { Domain } from "../domain.ts";
import type { World } from "../world.ts";
import { type Handlers, OK, refused, status } from "./handler.ts";

/** The domain that a domctl is about, or why there is none for this caller. */
function target(
	world: World,
	caller: Domain,
	domid: number,
): Domain | "EPERM" | "ESRCH" {
	if (caller.domid !== 0) return "EPERM";
	const domain = domid === 0 ? undefined : world.domain(domid);
	return domain === undefined || domain.life === "zombie" ? "ESRCH" : domain;
}

/** domctl.h as far as the life of a display needs it. Only domain 0 may ask. */
export const domainCalls: Handlers<"domain."> = {
	"domain.create": (world, caller, { domid }) => {
		if (caller.domid !== 0) return status(refused("EPERM"));
		return status(world.createDomain(domid) ? OK : refused("EEXIST"));
	},

	/** Its own end a domain may ask for as well: SCHEDOP_shutdown with SHUTDOWN_crash, as a kernel does that panics. */
	"domain.crash": (world, caller, { domid }) => {
		const domain =
			caller.domid === domid ? caller : target(world, caller, domid);
		if (typeof domain === "string") return status(refused(domain));
		world.setLife(domain, "crashed");
		world.store.domainShutdown(domid);
		return status(OK);
	},

	"domain.hang": (world, caller, { domid }) => {
		const domain = target(world, caller, domid);
		if (typeof domain === "string") return status(refused(domain));
		if (domain.life !== "running") return status(refused("EINVAL"));
		world.setLife(domain, "hung");
		return status(OK);
	},

	"domain.resume": (world, caller, { domid }) => {
		const domain = target(world, caller, domid);
		if (typeof domain === "string") return status(refused(domain));
		if (domain.life !== "hung") return status(refused("EINVAL"));
		world.setLife(domain, "running");
		return status(OK);
	},

	"domain.destroy": (world, caller, { domid }) => {
		const domain = target(world, caller, domid);
		if (typeof domain === "string")
			return { status: refused(domain), zombie: false };
		return { status: OK, zombie: world.destroyDomain(domain) };
	},
};

/** What a kernel does when a user-space driver's handles close, and the driver's own log. */
export const driverCalls: Handlers<"driver."> = {
	"driver.note": () => status(OK),

	"driver.exit": (world, caller, { domid }) => {
		if (caller.domid !== 0 && caller.domid !== domid)
			return status(refused("EPERM"));
		const domain = world.domain(domid);
		if (domain === undefined) return status(refused("ESRCH"));
		world.driverExit(domain);
		return status(OK);
	},
};
