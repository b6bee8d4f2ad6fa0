// The fields of an entry in the catalogue's own order, as people call them.

import { language } from "./session.js";

const NAMES = {
  name: ["名称", "Name"], alternate_names: ["别名", "Other names"], everyday_name: ["俗称", "Everyday name"], summary: ["简介", "Summary"],
  item_type: ["事项类型", "Kind of power"], power_source: ["权力来源", "Source of the power"], legal_basis: ["设定依据", "Legal basis"],
  exercised_at: ["行使层级", "Exercised at"], local_codes: ["地方编码", "Local codes"],
  audience: ["服务对象", "Audience"], topics: ["主题", "Topics"], local_topics: ["地方主题", "Local topics"], life_events: ["一件事", "Life events"],
  acceptance_conditions: ["受理条件", "Conditions"], minimum_level: ["实名等级", "Identity level"], allowed_proxies: ["代办", "Proxies"],
  entrusted_organisation: ["受委托机构", "Entrusted body"], joint_organisations: ["联办机构", "Joint bodies"],
  materials: ["申请材料", "Materials"], statutory_time: ["法定时限", "Statutory time"], promised_time: ["承诺时限", "Promised time"],
  special_steps: ["特别程序", "Special steps"], fee: ["收费", "Fee"], on_site_visits: ["到现场次数", "Visits"], on_site_reason: ["到现场原因", "Why visits"],
  online_depth: ["网办深度", "Online depth"], data_requests: ["数据调取", "Data requested"], result: ["办理结果", "Result"],
  rights_duties: ["权利与义务", "Rights and duties"], faqs: ["常见问题", "Questions"],
  channels: ["办理渠道", "Channels"], locations: ["办理地点", "Places"], delivery: ["送达", "Delivery"], appointment: ["预约", "Appointment"],
  cross_region: ["通办范围", "Cross-region"], contact: ["咨询方式", "Contact"], remedies: ["监督与救济", "Remedies"],
  accessibility: ["无障碍与易读", "Accessibility"], host_requirements: ["宿主版本", "Host app versions"],
  binding: ["服务入口", "What opens it"], steps: ["办理步骤", "Steps"], effective_from: ["实施日期", "In force from"], withdraw_on: ["终止日期", "Ends on"],
  owner_contact: ["责任人", "Who answers for it"], assured_on: ["核对日期", "Last checked on"],
};

export const FIELDS = Object.keys(NAMES);

export const fieldName = (name) => NAMES[name]?.[language() === "zh" ? 0 : 1] ?? name;
