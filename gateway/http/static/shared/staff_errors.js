// What a refusal means to staff at a counter, at the hotline or before a hall's screen, and what to do: by its code, in
// both languages. The platform's own messages are for programs.

const ERRORS = {
  OTHER: { zh: "平台没有完成这一步，原因不在您。请稍后再试；还不行，请把下面的代码告诉平台运营方。", en: "The platform did not do this, and it is not your fault. Try again later; if it still fails, tell the platform's operator the code below." },
  CATALOG_UNAVAILABLE: { zh: "平台的数据库暂时没有回应。请过几秒钟再试。", en: "The platform's database does not answer. Try again in a few seconds." },
  CODES_UNAVAILABLE: { zh: "暂时无法核验通行码。请稍后再试，或输入预约号。", en: "Pass codes cannot be checked at the moment. Try again later, or type the appointment's code." },
  HTTP_ERROR: { zh: "页面和平台的版本不一致。请刷新页面。", en: "This page is of another release than the platform. Load it again." },
  BAD_REQUEST: { zh: "有一项内容平台读不懂。请检查刚才填写的内容；没有填错的，请刷新页面。", en: "The platform cannot read something. Look at what you entered; if nothing is wrong there, load the page again." },
  REQUEST_TOO_LARGE: { zh: "内容太长。请写短一些。", en: "That is too long. Write less." },
  STREAMS_FULL: { zh: "这个凭据打开的页面太多。请关掉几个再试。", en: "Too many pages are open with this key. Close some, and try again." },
  CREDENTIAL_REFUSED: { zh: "凭据不存在或已吊销。请核对后重新输入，或向平台运营方申请新的。", en: "The key is unknown or revoked. Compare it and type it again, or ask the platform's operator for a new one." },
  STAFF_ROLE_MISSING: { zh: "这个凭据（{key}）在这里没有相应的角色。请把凭据编号告诉平台运营方，申请角色。", en: "This key ({key}) has no role for that here. Tell the platform's operator its number, and ask for the role." },
  TOO_MANY_ATTEMPTS: { zh: "按身份证号查找太频繁。请过几分钟再试，或按预约号查找。", en: "Too many ID numbers were looked up. Wait some minutes, or look up by code." },

  APPOINTMENT_UNKNOWN: { zh: "没有找到相应的预约或号。请核对编号；也可能在别的办事处。", en: "There is no such appointment or ticket here. Compare the code; it may be at another office." },
  APPOINTMENT_STATE: { zh: "以这个预约现在的状态，不能这样操作。请重新查找，看它现在的情况。", en: "That is not possible as the appointment stands. Look it up again to see how it is now." },
  APPOINTMENT_SERVICE_UNKNOWN: { zh: "没有这个办事处或事项，或者它不再接受预约。请另选。", en: "There is no such office or service, or it takes no more bookings. Choose another." },
  APPOINTMENT_TAKEN: { zh: "这个时间刚被约走了。请另选时间。", en: "That time has just been taken. Choose another." },
  APPOINTMENT_CLASH: { zh: "本人或同行人在同一时间已有预约{clash}，或这个事项不能再多约。请另选时间，或先改期、取消那一个。", en: "The person, or somebody who comes along, has another appointment at that time{clash}, or as many of this service as they may. Choose another time, or move or cancel that one." },
  APPOINTMENT_NOT_BOOKABLE: { zh: "这个时间现在不能约：已经过了、离现在太近，或者还没放号。请另选时间。", en: "That time cannot be booked now: it is over, too soon, or not released yet. Choose another." },
  APPOINTMENT_NO_SHOWS: { zh: "90 天内有 {n} 次没有到场（{codes}）。{until} 前只能约 24 小时以内的时间；如有原因，可以打开那个预约，免记爽约。", en: "{n} appointments within 90 days were missed ({codes}). Until {until} only times within the next 24 hours can be booked; if there was a reason, open that appointment and excuse it." },
  APPOINTMENT_NAMES_MISSING: { zh: "请填写每个同行人的身份证号，每人一次，不含预约人本人。", en: "Enter the ID number of everybody who comes along, each once, without the person's own." },
  APPOINTMENT_TOO_LATE: { zh: "这个时间已经开始，不能再改期或取消。", en: "It has begun already, and can be moved or cancelled no more." },
  APPOINTMENT_HOLD_REFUSED: { zh: "这个保留已失效，或者是给别人的。请重新选择时间。", en: "That is no longer kept, or was kept for somebody else. Choose a time again." },
  APPOINTMENT_SYSTEM_AWAY: { zh: "这个办事处自己的预约系统暂时没有回应，什么都没有约上。请过几分钟再试。", en: "This office's own booking system does not answer, and nothing was booked. Try again in some minutes." },
  APPOINTMENT_DRAW: { zh: "这一天的号由抽签决定先后，{at} 起才能约。", en: "That day is released by lot: it can be booked from {at} on." },
  APPOINTMENT_RIGHT_REFUSED: { zh: "优先再约的权利已用过或已过期。请照常预约。", en: "The right to book again before others is used up or over. Book as usual." },
  APPOINTMENT_ANSWERS_NEEDED: { zh: "还有问题没有回答。请先在“预约受理台”（/desk）的这个预约里填写。", en: "Some questions are not answered. Fill them in first, in this appointment at the desk (/desk)." },
  APPOINTMENT_ANSWER_REFUSED: { zh: "有一个回答不符合要求，请改一下。", en: "One of the answers will not do: change it." },
  ID_NUMBER_INVALID: { zh: "身份证号不对，请核对 18 位号码。", en: "That is no ID number: compare its 18 characters." },
  PHONE_NUMBER_INVALID: { zh: "手机号码不对，请核对后重新输入，也可以不填。", en: "That is no telephone number: compare it, or leave it out." },

  PASS_CODE_REFUSED: { zh: "通行码无效：请办事人刷新后再出示，或输入预约号。", en: "The pass code is not good: have it shown anew, or type the appointment's code." },
  VERIFIER_REFUSED: { zh: "这个大厅已停止读取通行码。请输入预约号。", en: "Pass codes are no longer read in this hall. Type the appointment's code." },
  HALL_TOO_EARLY: { zh: "太早：{at} 起可以签到。", en: "It is early: they can check in from {at} on." },
  HALL_TOO_LATE: { zh: "太晚：签到到 {at} 为止。请现场取号，或另行预约。", en: "It is too late: they could check in until {at}. Give them a ticket, or another appointment." },
  HALL_ELSEWHERE: { zh: "这个预约在另一个大厅。请看预约上的地址。", en: "This appointment is at another hall: look at its address." },
  HALL_NO_TICKETS: { zh: "没有窗口办理这个事项，不能取号。", en: "No counter here is for this service, so there are no tickets for it." },
  HALL_COUNTER_UNKNOWN: { zh: "没有这个窗口。请重新选择窗口。", en: "There is no such counter. Choose one again." },
  HALL_COUNTER_STATE: { zh: "以这个窗口现在的情况，不能这样操作。请看窗口现在是谁，再选一次。", en: "That is not possible as the counter stands. Look at who is there now, and choose again." },
  HALL_CALLED_JUST_NOW: { zh: "刚刚呼叫过，{at} 起才能再叫。", en: "They were called just now: call again from {at} on." },
};

/** Return what a refusal means, in a language; `moment` writes a time on the office's clock, `key` is the signed-in one's number. */
export function staffRefusal({ code, details = {} }, language, moment, key) {
  const { at, until, missed = [], clash } = details;
  const values = {
    key, n: missed.length, codes: missed.join(language === "zh" ? "、" : ", "), at: at && moment(at), until: until && moment(until),
    clash: clash?.code ? ` (${clash.code}, ${moment(clash.startsAt)})` : "",
  };
  return (ERRORS[code] ?? ERRORS.OTHER)[language].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
