import { type Handlers, OK, refused, status } from "./handler.ts";

const answer = (result: 0 | Parameters<typeof refused>[0]) =>
	status(result === 0 ? OK : refused(result));

/** event_channel.h. */
export const evtchnCalls: Handlers<"evtchn."> = {
	"evtchn.alloc-unbound": (world, domain, { remote }) => {
		const port = world.evtchn.allocUnbound(domain.domid, remote);
		return typeof port === "number"
			? { status: OK, port }
			: { status: refused(port), port: 0 };
	},

	"evtchn.bind-interdomain": (world, domain, { remote, remote_port }) => {
		const port = world.evtchn.bindInterdomain(
			domain.domid,
			remote,
			remote_port,
		);
		return typeof port === "number"
			? { status: OK, port }
			: { status: refused(port), port: 0 };
	},

	"evtchn.notify": (world, domain, { port }) =>
		answer(world.evtchn.send(domain.domid, port)),

	"evtchn.mask": (world, domain, { port }) => {
		const own = world.evtchn.table(domain.domid)?.get(port);
		if (own === undefined) return status(refused("EINVAL"));
		own.masked = true;
		return status(OK);
	},

	"evtchn.unmask": (world, domain, { port }) => {
		const own = world.evtchn.table(domain.domid)?.get(port);
		if (own === undefined) return status(refused("EINVAL"));
		own.masked = false;
		return status(OK);
	},

	"evtchn.close": (world, domain, { port }) =>
		answer(world.evtchn.close(domain.domid, port)),

	"evtchn.status": (world, domain, { port }) => {
		const own = world.evtchn.table(domain.domid)?.get(port);
		return {
			status: OK,
			state: world.evtchn.state(domain.domid, port),
			remote: own?.remote ?? 0,
			remote_port: own?.remotePort ?? 0,
			pending: own?.pending ?? false,
			masked: own?.masked ?? false,
		};
	},

	"evtchn.reset": (world, domain) => {
		world.evtchn.reset(domain.domid);
		return status(OK);
	},
};
