import { type Handlers, OK, refused, status } from "./handler.ts";

/** Driver objects and the driver's log. */
export const objectCalls: Handlers<"object."> = {
	"object.make": (_world, domain, { kind, name }) => {
		const object = domain.nextObject++;
		domain.objects.set(object, { kind, name });
		return { status: OK, object };
	},

	"object.drop": (_world, domain, { object }) =>
		status(domain.objects.delete(object) ? OK : refused("ENOENT")),
};

/** Locks and completions: ids are the domain's own choice. */
export const lockCalls: Handlers<"lock."> = {
	"lock.take": (_world, domain, { lock }, task) => {
		if (domain.locks.get(lock) === task) return status(refused("EDEADLK"));
		domain.locks.set(lock, task);
		return status(OK);
	},

	"lock.give": (_world, domain, { lock }, task) => {
		if (domain.locks.get(lock) !== task) return status(refused("EPERM"));
		domain.locks.delete(lock);
		return status(OK);
	},
};

export const completionCalls: Handlers<"completion."> = {
	"completion.complete": (_world, domain, { completion }) => {
		if (completion === 0) return status(refused("EINVAL"));
		domain.completions.set(
			completion,
			(domain.completions.get(completion) ?? 0) + 1,
		);
		return status(OK);
	},
};

/** Starting is the runner's deed: the world only gives the call its place in the ledger. */
export const taskCalls: Handlers<"task."> = {
	"task.start": () => ({ status: OK, task: 0 }),
	"task.join": () => status(OK),
};

export const waitCalls: Handlers<"wait"> = {
	wait: (world, domain, call) => {
		const cause = world.waitCause(domain.domid, call);
		if (cause === undefined)
			throw new Error("a wait was applied before it was ready");
		const reply = {
			status: OK,
			cause,
			port: 0,
			path: "",
			token: "",
			display: 0,
			event: "",
			buffer: 0,
		};
		switch (cause) {
			case "port": {
				// Cleared before the work is looked for, or a wake-up could be lost (event_channel.h, bind_interdomain).
				const number = world.raisedPort(domain.domid, call.ports);
				const port = world.evtchn.table(domain.domid)?.get(number);
				if (port !== undefined) port.pending = false;
				return { ...reply, port: number };
			}
			case "watch": {
				const event = world.store.takeEvent(
					world.connection(domain.domid),
					call.token,
				);
				return { ...reply, path: event?.path ?? "", token: event?.token ?? "" };
			}
			case "completion": {
				const left = (domain.completions.get(call.completion) ?? 1) - 1;
				if (left > 0) domain.completions.set(call.completion, left);
				else domain.completions.delete(call.completion);
				return reply;
			}
			case "display": {
				const display = world.raisedDisplay(domain.domid);
				const event = world.displays[display - 1]?.events.shift();
				return {
					...reply,
					display,
					event: event?.event ?? "",
					buffer: event?.buffer ?? 0,
				};
			}
		}
	},
};
