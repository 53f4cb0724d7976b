#include "api/knobs.h"

#include <gtest/gtest.h>

#include <set>

namespace orus::api {
namespace {

struct Parsed {
  RunConfig config;
  std::string error;  // empty: all words were options
  size_t taken = 0;
};

Parsed parse(std::vector<std::string_view> words) {
  Parsed out;
  while (out.taken < words.size()) {
    auto match = take_option(knobs(), std::span<const std::string_view>(words), &out.taken, &out.config);
    if (!match.ok()) {
      out.error = match.error().detail;
      return out;
    }
    if (*match == Match::kNo) {
      out.error = "unknown";
      return out;
    }
  }
  return out;
}

TEST(Knobs, FlagsAreUniqueAndDescribed) {
  std::set<std::string_view> flags;
  for (const auto& row : knobs()) {
    EXPECT_TRUE(flags.insert(row.flag).second) << row.flag;
    EXPECT_FALSE(row.help.empty()) << row.flag;
    EXPECT_EQ(row.flag[0], '-');
  }
}

TEST(Knobs, ValuesAfterEqualsSignOrBlank) {
  EXPECT_EQ(parse({"--jit=eager"}).config.jit, JitMode::kEager);
  EXPECT_EQ(parse({"--jit", "off"}).config.jit, JitMode::kOff);
  EXPECT_EQ(parse({"-O1"}).config.opt.level, 1);
  EXPECT_EQ(parse({"-O", "0"}).config.opt.level, 0);
  EXPECT_EQ(parse({"--fuel", "17", "--jit-sync"}).config.fuel.value, 17);
  EXPECT_TRUE(parse({"--fuel", "17", "--jit-sync"}).config.jit_sync);
}

TEST(Knobs, OptionalValueIsNeverTheNextWord) {
  Parsed plain = parse({"--stats", "--seed=3"});
  EXPECT_EQ(plain.config.stats, StatsFormat::kText);
  EXPECT_EQ(plain.config.seed, 3u);
  EXPECT_EQ(parse({"--stats=json"}).config.stats, StatsFormat::kJson);
  EXPECT_EQ(parse({"--stats", "json"}).error, "unknown");
}

TEST(Knobs, Sizes) {
  EXPECT_EQ(parse({"--heap=4096"}).config.heap.bytes, 4096u);
  EXPECT_EQ(parse({"--heap=3k"}).config.heap.bytes, 3072u);
  EXPECT_EQ(parse({"--heap=2M"}).config.heap.bytes, 2u << 20);
  EXPECT_EQ(parse({"--heap=1G"}).config.heap.bytes, 1u << 30);
}

TEST(Knobs, ListsAddUp) {
  Parsed both = parse({"--stress=gc,spill", "--disable-pass=a", "--disable-pass=b"});
  EXPECT_TRUE(both.config.stress.gc && both.config.stress.spill && !both.config.stress.deopt);
  EXPECT_EQ(both.config.disabled_passes, (NameList{"a", "b"}));
}

TEST(Knobs, NonsenseNamesTheOptionAndTheValue) {
  const char* cases[] = {"--jit=maybe",
                         "--jit=",
                         "-O3",
                         "-O",
                         "--heap=",
                         "--heap=K",
                         "--heap=-5",
                         "--heap=12Q",
                         "--heap=99999999999999999999G",
                         "--fuel=-1",
                         "--fuel=10x",
                         "--fuel=",
                         "--fuel=99999999999999999999",
                         "--seed=abc",
                         "--timeout=nan",
                         "--timeout=-1",
                         "--timeout=inf",
                         "--stack=0",
                         "--stack=-10",
                         "--stack=99999999999",
                         "--trace=",
                         "--stress=gc,,spill",
                         "--stress=gc,bogus",
                         "--jit-sync=yes",
                         "--error-format=xml",
                         "--stats=yaml",
                         "--disable-pass=",
                         "--fuel"};
  for (const char* word : cases) {
    std::string error = parse({word}).error;
    std::string_view flag = std::string_view(word).substr(0, std::string_view(word).find('='));
    EXPECT_NE(error.find(flag), std::string::npos) << word << ": " << error;
  }
}

TEST(Knobs, UnprintableBytesAreShownAsNumbers) {
  std::string error = parse({"--jit=\xff\x01"}).error;
  EXPECT_NE(error.find("\\xff\\x01"), std::string::npos) << error;
}

TEST(Knobs, EnvironmentComesFirst) {
  RunConfig config;
  ASSERT_TRUE(apply_environment("off", " --fuel=9  -O1 ", &config).ok());
  EXPECT_EQ(config.jit, JitMode::kOff);
  EXPECT_EQ(config.fuel.value, 9);
  EXPECT_EQ(config.opt.level, 1);
  ASSERT_TRUE(apply_environment("off", "--jit=on", &config).ok());
  EXPECT_EQ(config.jit, JitMode::kOn);
  ASSERT_TRUE(apply_environment(nullptr, nullptr, &config).ok());
  ASSERT_TRUE(apply_environment("", "", &config).ok());
}

TEST(Knobs, EnvironmentMistakesNameTheVariable) {
  RunConfig config;
  Status jit = apply_environment("maybe", nullptr, &config);
  ASSERT_FALSE(jit.ok());
  EXPECT_NE(jit.error().detail.find("ORUS_JIT"), std::string::npos);
  for (const char* flags : {"--bogus", "--fuel=x", "file.orus", "--fuel"}) {
    Status status = apply_environment(nullptr, flags, &config);
    ASSERT_FALSE(status.ok()) << flags;
    EXPECT_NE(status.error().detail.find("ORUS_FLAGS"), std::string::npos) << flags;
  }
}

}  // namespace
}  // namespace orus::api
