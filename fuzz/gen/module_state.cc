#include "fuzz/gen/module_state.h"

#include <string>

namespace orus::fuzz {
namespace {

constexpr std::string_view kFamilies[] = {"arith", "bits", "compare", "convert", "string", "array", "structs", "global", "move"};
constexpr uint32_t kUsualWeight[] = {10, 4, 2, 4, 1, 7, 3, 4, 1};

size_t family_of(const OpInfo& row) {
  for (size_t i = 0; i < std::size(kFamilies); ++i) {
    if (row.family == kFamilies[i]) return i;
  }
  return std::size(kFamilies) - 1;
}

}  // namespace

TypeId scalar_of_letter(char letter) {
  static constexpr std::string_view kLetters = "iIuUfbseR";
  return TypeId(kTypeI32.index + kLetters.find(letter));
}

ModuleState::ModuleState(Choices& c, const GenLimits& l) : choices(c), s(c.structure), values(c.values), limits(l) {
  make_types();
  make_menu();
  for (uint32_t n = 1 + s.below(7); n > 0; --n) policies |= 1u << s.below(static_cast<uint32_t>(Policy::kCount));
  thin_main = s.flip();
}

void ModuleState::make_types() {
  for (TypeId t : {kTypeI32, kTypeI64, kTypeF64, kTypeU32, kTypeU64, kTypeBool, kTypeString}) types.push_back(t);
  for (TypeId t : {kTypeI32, kTypeI64, kTypeF64, kTypeBool, kTypeU32, kTypeU64, kTypeString}) arrays.push_back(builder.array_of(t));
  arrays.push_back(builder.array_of(arrays[0]));
  for (uint32_t i = 0; i < 2; ++i) {
    TypeId id = builder.add_struct("S" + std::to_string(i));
    TypeId list = builder.array_of(id);
    std::vector<Field> fields = {{"n", kTypeI32}, {"x", kTypeF64}};
    for (uint32_t n = s.below(4); n > 0; --n) {
      TypeId type = n == 1 ? list : n == 2 ? s.pick(arrays) : s.pick(types);
      fields.push_back({"f" + std::to_string(n), type});
    }
    builder.module().types[id.index].fields = fields;
    structs.push_back(id);
    arrays.push_back(list);
  }
  types.insert(types.end(), arrays.begin(), arrays.end());
  types.insert(types.end(), structs.begin(), structs.end());
}

// Swarm: most programs go without some families and kinds, so that the others meet each other more often.
void ModuleState::make_menu() {
  Stream& c = choices.config;
  menu.resize(std::size(kFamilies));
  for (uint32_t usual : kUsualWeight) menu_weights.push_back(c.chance(5) ? 0 : usual * (1 + 2 * c.below(2)));
  menu_weights[0] = std::max(menu_weights[0], 1u);
  static constexpr std::string_view kKindLetters = "iIuUf";
  bool off[kKindLetters.size()] = {};
  for (bool& kind_off : off) kind_off = c.chance(6);
  off[c.below(kKindLetters.size())] = false;
  for (size_t i = 0; i < kOpCount; ++i) {
    Op op = static_cast<Op>(i);
    const OpInfo& row = info(op);
    if (!is_data(shape_of(op))) continue;
    size_t letter = row.kinds.empty() ? std::string_view::npos : kKindLetters.find(row.kinds.back());
    if (letter != std::string_view::npos && off[letter]) continue;
    menu[family_of(row)].push_back(op);
  }
  for (size_t f = 0; f < menu.size(); ++f) {
    if (menu[f].empty()) menu_weights[f] = 0;
  }
}

Promise ModuleState::any_promise(bool references) {
  TypeId type = references ? any_type() : types[s.below(6)];
  static constexpr uint8_t kBits[] = {Facts::kAny, 12, 4, 30};
  Facts facts;
  if (is_numeric(kind(type))) {
    facts.bits = s.pick(kBits);
    facts.nonneg = s.chance(3);
  } else if (kind(type) == TypeKind::kArray) {
    static constexpr uint16_t kLengths[] = {0, 4, 8, 16};
    facts.min_len = s.pick(kLengths);
    if (is_numeric(kind(this->type(type).element))) facts.elem = s.flip() ? 12 : Facts::kAny;
  }
  return {type, facts};
}

}  // namespace orus::fuzz
