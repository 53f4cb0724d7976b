#include "fuzz/gen/module_gen.h"

#include "fuzz/gen/function_gen.h"

namespace orus::fuzz {
namespace {

void plan_function(ModuleState& m, uint32_t index) {
  FunctionPlan plan;
  std::vector<TypeId> params;
  plan.result = {kTypeVoid, {}};
  if (index != 0) {
    plan.recursive = m.s.chance(5) && !(m.thin_main && index == 1);
    if (plan.recursive) plan.params.push_back({kTypeI32, {.bits = 3}});
    plan.raises = !plan.recursive && !(m.thin_main && index == 1) && m.s.chance(3);
    if (plan.raises) plan.params.push_back({kTypeI32, {.bits = 3, .nonneg = true}});
    // Many of one kind use up the registers for it.
    bool alike = m.s.chance(8);
    TypeId one = m.s.flip() ? kTypeF64 : m.types[m.s.below(5)];
    for (uint32_t n = alike ? 4 + m.s.below(8) : m.s.below(m.s.chance(6) ? 12 : 5); n > 0; --n)
      plan.params.push_back(alike ? Promise{one, {}} : m.any_promise(m.s.chance(3)));
    // Something that the caller can see changed.
    if (m.s.flip()) plan.params.push_back({m.arrays[m.s.below(2)], {.elem = 12, .min_len = static_cast<uint16_t>(m.s.chance(4) ? 0 : 4)}});
    if (m.s.chance(3)) plan.params.push_back({m.structs[0], {}});
    if (!m.s.chance(4)) plan.result = m.any_promise(m.s.chance(4));
    for (const Promise& p : plan.params) params.push_back(p.type);
  }
  std::string name = index == 0 ? "main" : "f" + std::to_string(index);
  plan.id = m.builder.declare_function(name, params, plan.result.type);
  m.functions.push_back(std::move(plan));
}

}  // namespace

Module generate_module(Choices& choices, const GenLimits& limits) {
  ModuleState m(choices, limits);
  for (uint32_t n = 2 + m.s.below(5); n > 0; --n) {
    Promise p = m.any_promise(m.s.chance(3));
    if (m.s.flip() && is_numeric(m.kind(p.type))) p.facts = {};
    m.globals.push_back({m.builder.add_global("g" + std::to_string(m.globals.size()), p.type), p});
  }
  uint32_t count = 2 + m.s.below(3);
  for (uint32_t i = 0; i < count; ++i) plan_function(m, i);
  // Callees first: their cost is known when somebody calls them.
  for (uint32_t i = count; i-- > 0;) FunctionGen(m, i).run();
  m.builder.module().main = m.functions[0].id;
  return m.builder.take();
}

}  // namespace orus::fuzz
