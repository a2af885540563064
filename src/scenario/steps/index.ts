import { balloonSet } from "./balloon-set.ts";
import { bind } from "./bind.ts";
import { call } from "./call.ts";
import { check } from "./check.ts";
import { displayHold } from "./display-hold.ts";
import { displayLose } from "./display-lose.ts";
import { displayRelease } from "./display-release.ts";
import { displayResume } from "./display-resume.ts";
import { displayWithhold } from "./display-withhold.ts";
import { domainCrash } from "./domain-crash.ts";
import { domainCreate } from "./domain-create.ts";
import { domainDestroy } from "./domain-destroy.ts";
import { domainHang } from "./domain-hang.ts";
import { domainResume } from "./domain-resume.ts";
import { driverKill } from "./driver-kill.ts";
import { driverStart } from "./driver-start.ts";
import { driverStop } from "./driver-stop.ts";
import { edidRead } from "./edid-read.ts";
import { evtchnClose } from "./evtchn-close.ts";
import { fault } from "./fault.ts";
import { fbCreate } from "./fb-create.ts";
import { fbDestroy } from "./fb-destroy.ts";
import { gemClose } from "./gem-close.ts";
import { gemCreate } from "./gem-create.ts";
import { grantEnd } from "./grant-end.ts";
import { grantsLimit } from "./grants-limit.ts";
import { join } from "./join.ts";
import { memoryLimit } from "./memory-limit.ts";
import { modeOff } from "./mode-off.ts";
import { modeSet } from "./mode-set.ts";
import { pageFlip } from "./page-flip.ts";
import { pageFree } from "./page-free.ts";
import { primeImport } from "./prime-import.ts";
import { settle } from "./settle.ts";
import type { StepShape } from "./step.ts";
import { toolstackAdd } from "./toolstack-add.ts";
import { toolstackRemove } from "./toolstack-remove.ts";
import { unbind } from "./unbind.ts";
import { wait } from "./wait.ts";
import { wireBuffer } from "./wire-buffer.ts";
import { wireConnect } from "./wire-connect.ts";
import { wireCopy } from "./wire-copy.ts";
import { wireEvent } from "./wire-event.ts";
import { wireIndex } from "./wire-index.ts";
import { wireMap } from "./wire-map.ts";
import { wireNotify } from "./wire-notify.ts";
import { wirePublish } from "./wire-publish.ts";
import { wireReply } from "./wire-reply.ts";
import { wireSend } from "./wire-send.ts";
import { wireServe } from "./wire-serve.ts";
import { wireState } from "./wire-state.ts";
import { wireStore } from "./wire-store.ts";
import { wireTake } from "./wire-take.ts";
import { wireUnmap } from "./wire-unmap.ts";
import { xsRm } from "./xs-rm.ts";
import { xsWrite } from "./xs-write.ts";

/** Every verb of the scenario language, in the order of the reference. */
export const STEPS = {
	bind: bind,
	unbind: unbind,
	"gem.create": gemCreate,
	"gem.close": gemClose,
	"prime.import": primeImport,
	"fb.create": fbCreate,
	"fb.destroy": fbDestroy,
	"mode.set": modeSet,
	"mode.off": modeOff,
	"page.flip": pageFlip,
	"edid.read": edidRead,
	"driver.start": driverStart,
	"driver.stop": driverStop,
	"driver.kill": driverKill,
	join: join,
	"toolstack.add": toolstackAdd,
	"toolstack.remove": toolstackRemove,
	"domain.create": domainCreate,
	"domain.crash": domainCrash,
	"domain.hang": domainHang,
	"domain.resume": domainResume,
	"domain.destroy": domainDestroy,
	"display.hold": displayHold,
	"display.release": displayRelease,
	"display.lose": displayLose,
	"display.withhold": displayWithhold,
	"display.resume": displayResume,
	"balloon.set": balloonSet,
	"memory.limit": memoryLimit,
	"grants.limit": grantsLimit,
	fault: fault,
	"xs.write": xsWrite,
	"xs.rm": xsRm,
	wait: wait,
	settle: settle,
	"wire.publish": wirePublish,
	"wire.connect": wireConnect,
	"wire.state": wireState,
	"wire.buffer": wireBuffer,
	"wire.send": wireSend,
	"wire.take": wireTake,
	"wire.reply": wireReply,
	"wire.serve": wireServe,
	"wire.event": wireEvent,
	"wire.index": wireIndex,
	"wire.notify": wireNotify,
	"wire.store": wireStore,
	"wire.map": wireMap,
	"wire.unmap": wireUnmap,
	"wire.copy": wireCopy,
	"grant.end": grantEnd,
	"evtchn.close": evtchnClose,
	"page.free": pageFree,
	call: call,
	check: check,
} as const satisfies Record<string, { verb: string }>;

export type Verb = keyof typeof STEPS;
export const VERBS = Object.keys(STEPS) as readonly Verb[];

/** The table seen without the types of its arguments. */
export const SHAPES: Readonly<Record<Verb, StepShape>> =
	STEPS as unknown as Readonly<Record<Verb, StepShape>>;
