// The page's words in both languages.

export const TEXTS = {
  zh: {
    title: "停车", lots: "附近停车场", near: "按我的位置", signIn: "登录", app: "应用编号", code: "应用给的登录 code", scan: "扫码",
    scanned: "扫到的内容", vehicle: "车辆", enter: "入场", find: "查我的车", leave: "离场", pay: "付款", arguments: "交给收银台的参数",
    check: "已付款，查结果", sessions: "我的停车", vehicles: "我的车辆", plate: "车牌", add: "添加", end: "移除", owner: "车主已核验", prove: "核验车主", agree: "同意并核验", free: "空位", due: "应付",
    paid: "已付", raise: "下次加价", until: "请在此前离场", far: "这张码离您较远，请核对是否贴错。", open: "请通行", review: "请等工作人员",
    payFirst: "请先付款，再扫出口码", notYet: "还没有收到付款结果", receipt: "收据", none: "没有", metres: "米", minutes: "分钟", askScan: "扫一扫",
    signInAgain: "登录已过期。请现在重新登录，刚才的操作会接着完成。", other: "English",
  },
  en: {
    title: "Parking", lots: "Car parks", near: "Near me", signIn: "Sign in", app: "App id", code: "Login code of the app", scan: "Scan",
    scanned: "What was scanned", vehicle: "Vehicle", enter: "Enter", find: "Find my car", leave: "Leave", pay: "Pay",
    arguments: "For the cashier", check: "Paid: look", sessions: "My parking", vehicles: "My vehicles", plate: "Plate", add: "Add",
    end: "Remove", owner: "proven to be yours", prove: "Prove that it is yours", agree: "Agree and ask", free: "free", due: "Due", paid: "Paid", raise: "Rises at", until: "Leave by",
    far: "This code is far from you: compare the place.", open: "Drive on", review: "Somebody is coming",
    payFirst: "Pay first, then scan the exit again", notYet: "The payment is not confirmed yet", receipt: "Receipt", none: "None",
    metres: "m", minutes: "min", askScan: "Scan with the app", signInAgain: "Your sign-in is over. Sign in again now, and what you were doing goes on.", other: "中文",
  },
};
