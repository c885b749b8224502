#include "tests/integration/daemon/control_client.hpp"

#include "tests/integration/daemon/process.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <stdexcept>

namespace cloudpcd::test {

namespace asio = boost::asio;

std::string talk(const std::filesystem::path& path, std::string_view bytes)
{
    asio::io_context io;
    asio::local::stream_protocol::socket socket{io};
    socket.connect(asio::local::stream_protocol::endpoint{path.native()});
    std::string answer;
    bool ended = false;
    const auto read = [&] {
        asio::async_read(socket, asio::dynamic_buffer(answer),
                         [&](const boost::system::error_code&, std::size_t) { ended = true; });
    };
    asio::async_write(socket, asio::buffer(bytes),
                      [&](const boost::system::error_code& failure, std::size_t) {
                          ended = failure.failed();
                          boost::system::error_code ignored;
                          socket.shutdown(asio::socket_base::shutdown_send, ignored);
                          if (!ended)
                              read();
                      });
    io.run_for(patience);
    if (!ended)
        throw std::runtime_error{"the daemon keeps the connection open"};
    return answer;
}

}  // namespace cloudpcd::test
