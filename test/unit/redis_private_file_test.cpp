#include "redis/private_file.hpp"

#include <cstdio>
#include <cstdlib>

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace synckit {
namespace {

using testing::HasSubstr;

/* A folder with one file, both removed afterwards. */
class PrivateFile : public testing::Test {
  protected:
    PrivateFile()
    {
        folder_ = testing::TempDir() + "private_file.XXXXXX";
        EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
        path_ = folder_ + "/file";
    }
    ~PrivateFile() override
    {
        ::unlink(path_.c_str());
        ::rmdir(folder_.c_str());
    }

    void write(std::string_view text, mode_t mode = 0600)
    {
        ::unlink(path_.c_str()); // what is read-only cannot be written again
        std::FILE* file = std::fopen(path_.c_str(), "w");
        ASSERT_NE(file, nullptr);
        std::fwrite(text.data(), 1, text.size(), file);
        std::fclose(file);
        ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    }
    std::string sqlstate()
    {
        try {
            read_password_file(path_, "the_setting");
        } catch (const Error& error) {
            EXPECT_THAT(error.message(), HasSubstr("the_setting"));
            EXPECT_THAT(error.message() + error.detail() + error.hint(),
                        testing::Not(HasSubstr("hunter2")));
            return error.sqlstate();
        }
        return "00000";
    }

    std::string folder_;
    std::string path_;
};

TEST_F(PrivateFile, GivesItsFirstLine)
{
    for (const char* text :
         {"hunter2 word", "hunter2 word\n", "hunter2 word\r\n", "hunter2 word\nmore\n"}) {
        write(text);
        EXPECT_EQ(read_password_file(path_, "the_setting"), "hunter2 word");
    }
    write(std::string(1023, 'x'));
    EXPECT_EQ(read_password_file(path_, "the_setting").size(), 1023u);
    write("short\n" + std::string(5000, 'x'));
    EXPECT_EQ(read_password_file(path_, "the_setting"), "short");
}

TEST_F(PrivateFile, IsRefusedWhereItHoldsNone)
{
    EXPECT_EQ(sqlstate(), "58P01");
    write("");
    EXPECT_EQ(sqlstate(), "22023");
    write("\nhunter2\n");
    EXPECT_EQ(sqlstate(), "22023");
    write(std::string(1024, 'x'));
    EXPECT_EQ(sqlstate(), "54000");
}

TEST_F(PrivateFile, IsRefusedWhereItIsOpenToOthers)
{
    const bool as_root = ::geteuid() == 0; // root's files may be read by a group
    for (const mode_t mode : {0600, 0400, 0700}) {
        write("hunter2", mode);
        EXPECT_EQ(sqlstate(), "00000") << std::oct << mode;
    }
    for (const mode_t mode : {0604, 0602, 0601, 0644, 0620, 0660, 0666, 0777}) {
        write("hunter2", mode);
        EXPECT_EQ(sqlstate(), "42501") << std::oct << mode;
        EXPECT_THROW(require_private_file(path_, "the_setting"), Error);
        require_regular_file(path_, "the_setting");
    }
    write("hunter2", 0640);
    EXPECT_EQ(sqlstate(), as_root ? "00000" : "42501");
}

/* Opening a FIFO for reading would wait for somebody to write. */
TEST_F(PrivateFile, IsAFile)
{
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(sqlstate(), "42809");
    EXPECT_THROW(require_private_file(path_, "the_setting"), Error);
    EXPECT_THROW(require_regular_file(path_, "the_setting"), Error);
    EXPECT_THROW(read_password_file(folder_, "the_setting"), Error);
}

} // namespace
} // namespace synckit
